/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a C file that holds every file below the given folders, for src/base/asset.h. Files are
 * listed in path order. What compresses (HTML, CSS, JS, SVG, JSON, SQL) is also stored packed for
 * static serving.
 *
 *     embed ui migrations >assets.c
 */
#include <brotli/encode.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static unsigned char *read_file(const char *path, size_t *ret_n)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    long n = ftell(f);
    rewind(f);
    unsigned char *bytes = malloc((size_t)n + 1);
    if (!bytes || fread(bytes, 1, (size_t)n, f) != (size_t)n) {
        perror(path);
        exit(1);
    }
    (void)fclose(f);
    *ret_n = (size_t)n;
    return bytes;
}

static unsigned char *compress_gzip(const unsigned char *bytes, size_t n, size_t *ret_n)
{
    z_stream z = { 0 };
    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        exit(1);
    size_t room = deflateBound(&z, n) + 32;
    unsigned char *out = malloc(room);
    z.next_in = (unsigned char *)bytes;
    z.avail_in = (unsigned)n;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    if (!out || deflate(&z, Z_FINISH) != Z_STREAM_END)
        exit(1);
    *ret_n = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

static unsigned char *compress_brotli(const unsigned char *bytes, size_t n, size_t *ret_n)
{
    *ret_n = BrotliEncoderMaxCompressedSize(n) + 1;
    unsigned char *out = malloc(*ret_n);
    if (!out || !BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT,
                                       n, bytes, ret_n, out))
        exit(1);
    return out;
}

static void print_bytes(const char *name, int number, const unsigned char *bytes, size_t n)
{
    printf("static const unsigned char %s_%d[] = {", name, number);
    for (size_t i = 0; i < n; i++)
        printf("%s%u,", i % 24 ? "" : "\n", bytes[i]);
    printf("0};\n");
}

int main(int argc, char **argv)
{
    static char *paths[4096];
    static size_t sizes[4096], packed[4096], brotlied[4096];
    int count = 0;
    (void)argc;
    FTS *tree = fts_open(argv + 1, FTS_NOCHDIR | FTS_LOGICAL, by_name);
    printf("/* Made by tools/embed from the files themselves. */\n#include \"base/asset.h\"\n\n");
    for (FTSENT *e = fts_read(tree); e; e = fts_read(tree)) {
        if (strcmp(e->fts_path, "ui/locales") == 0)
            (void)fts_set(tree, e, FTS_SKIP); /* tools/catalogues makes tables of them */
        if (e->fts_info != FTS_F || e->fts_name[0] == '.')
            continue;
        unsigned char *bytes = read_file(e->fts_path, &sizes[count]);
        bool is_served = strncmp(e->fts_path, "ui/static/", 10) == 0;
        size_t served = is_served ? sizes[count] : 0;
        unsigned char *gzip = compress_gzip(bytes, served, &packed[count]);
        unsigned char *brotli = compress_brotli(bytes, served, &brotlied[count]);
        bool worth = packed[count] + 64 < served;
        packed[count] = worth ? packed[count] : 0;
        brotlied[count] = worth ? brotlied[count] : 0;
        print_bytes("plain", count, bytes, sizes[count]);
        print_bytes("gzip", count, gzip, packed[count]);
        print_bytes("brotli", count, brotli, brotlied[count]);
        paths[count++] = strdup(e->fts_path);
        free(bytes);
        free(gzip);
        free(brotli);
    }
    fts_close(tree);
    printf("\nconst struct asset asset_list[] = {\n");
    for (int i = 0; i < count; i++)
        printf("{ \"%s\", { plain_%d, %zu }, { gzip_%d, %zu }, { brotli_%d, %zu } },\n", paths[i],
               i, sizes[i], i, packed[i], i, brotlied[i]);
    printf("};\nconst size_t asset_count = %d;\n", count);
    return 0;
}
