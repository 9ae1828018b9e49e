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

const upper = (x) => (x >>> 6 | x << 26) ^ (x >>> 11 | x << 21) ^ (x >>> 25 | x << 7);
const lower = (x) => (x >>> 2 | x << 30) ^ (x >>> 13 | x << 19) ^ (x >>> 22 | x << 10);

/* The state after one more block; the block stands in w[0..15]. */
const compress = (s, out) => {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    w[i] = (w[i - 16] + w[i - 7] +
      ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) +
      ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10)) | 0;
  }
  let a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
  /* Eight rounds at a time, so that nothing has to move: five times as quick as one. */
  for (let i = 0; i < 64; i += 8) {
    h = (h + upper(e) + (g ^ e & (f ^ g)) + K[i] + w[i]) | 0; d = (d + h) | 0;
    h = (h + lower(a) + (a & b | c & (a | b))) | 0;
    g = (g + upper(d) + (f ^ d & (e ^ f)) + K[i + 1] + w[i + 1]) | 0; c = (c + g) | 0;
    g = (g + lower(h) + (h & a | b & (h | a))) | 0;
    f = (f + upper(c) + (e ^ c & (d ^ e)) + K[i + 2] + w[i + 2]) | 0; b = (b + f) | 0;
    f = (f + lower(g) + (g & h | a & (g | h))) | 0;
    e = (e + upper(b) + (d ^ b & (c ^ d)) + K[i + 3] + w[i + 3]) | 0; a = (a + e) | 0;
    e = (e + lower(f) + (f & g | h & (f | g))) | 0;
    d = (d + upper(a) + (c ^ a & (b ^ c)) + K[i + 4] + w[i + 4]) | 0; h = (h + d) | 0;
    d = (d + lower(e) + (e & f | g & (e | f))) | 0;
    c = (c + upper(h) + (b ^ h & (a ^ b)) + K[i + 5] + w[i + 5]) | 0; g = (g + c) | 0;
    c = (c + lower(d) + (d & e | f & (d | e))) | 0;
    b = (b + upper(g) + (a ^ g & (h ^ a)) + K[i + 6] + w[i + 6]) | 0; f = (f + b) | 0;
    b = (b + lower(c) + (c & d | e & (c | d))) | 0;
    a = (a + upper(f) + (h ^ f & (g ^ h)) + K[i + 7] + w[i + 7]) | 0; e = (e + a) | 0;
    a = (a + lower(b) + (b & c | d & (b | c))) | 0;
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
