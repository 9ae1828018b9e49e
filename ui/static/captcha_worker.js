/* SPDX-License-Identifier: Apache-2.0 */
/* Seeks the number with which SHA-256("CHALLENGE.NUMBER") begins with enough zero bits (FIPS 180-4).
   A challenge and its dot fill one block, which is hashed once; a try is one block more. */
const k = [], start = [];
for (let n = 2; k.length < 64; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
  if (!isPrime) continue;
  if (start.length < 8) start.push((n ** (1 / 2) * 2 ** 32) | 0);
  k.push((n ** (1 / 3) * 2 ** 32) | 0);
}
const K = new Int32Array(k), w = new Int32Array(64);

/* The state after one more block; the block stands in w[0..15]. */
const compress = (s, out) => {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    w[i] = (w[i - 16] + w[i - 7] +
      ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
      ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
  }
  let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  for (let i = 0; i < 64; i++) {
    const t = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) +
      (g ^ e & (f ^ g)) + K[i] + w[i]) | 0;
    const u = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) +
      (a & b | c & (a | b))) | 0;
    h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
  }
  out[0] = (s[0] + a) | 0; out[1] = (s[1] + b) | 0; out[2] = (s[2] + c) | 0; out[3] = (s[3] + d) | 0;
  out[4] = (s[4] + e) | 0; out[5] = (s[5] + f) | 0; out[6] = (s[6] + g) | 0; out[7] = (s[7] + h) | 0;
};

const digits = (n) => n.toString().padStart(4, "0");
const word = (text, at) => text.charCodeAt(at) << 24 | text.charCodeAt(at + 1) << 16 |
  text.charCodeAt(at + 2) << 8 | text.charCodeAt(at + 3);
const fours = Int32Array.from({ length: 10000 }, (_, n) => word(digits(n), 0));

/* Twelve digits, four to a word; every ten thousand tries it says how far it is. */
onmessage = ({ data: { challenge, difficulty } }) => {
  const first = new Int32Array(8), hash = new Int32Array(8), text = `${challenge}.`;
  for (let i = 0; i < 16; i++) w[i] = word(text, i * 4);
  compress(start, first);
  w.fill(0);
  w[3] = 1 << 31;
  w[15] = (64 + 12) * 8;
  for (let high = 0; high < 1e8; high++) {
    w[0] = fours[Math.floor(high / 10000)];
    w[1] = fours[high % 10000];
    for (let low = 0; low < 10000; low++) {
      w[2] = fours[low];
      compress(first, hash);
      if (hash[0] >>> (32 - difficulty)) continue;
      postMessage({ answer: text + digits(Math.floor(high / 10000)) + digits(high % 10000) + digits(low) });
      return;
    }
    postMessage({ tries: (high + 1) * 10000 });
  }
};
