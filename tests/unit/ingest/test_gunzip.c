/* Compressed bodies: whole ones come out as they went in; cut, damaged and endless ones do not. */
#include <string.h>
#include <zlib.h>

#include "common/base/random.h"
#include "ingest/gunzip.h"
#include "tests/unit/unit.h"

enum { LIMIT = 1 << 20, GZIP = 15 + 16, HEADER = 10, TRAILER = 8 };

static struct gunzip *gunzip;
static struct buf packed, out;
static struct err error;

static void setup(void)
{
    gunzip = gunzip_new();
}

static void teardown(void)
{
    gunzip_free(gunzip);
    buf_deinit(&packed);
    buf_deinit(&out);
}

/* Appends one member. */
static void pack(struct span text, int level)
{
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, level, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, (uLong)text.len);
    z.next_in = (Bytef *)text.p;
    z.avail_in = (uInt)text.len;
    z.next_out = (Bytef *)buf_reserve(&packed, bound);
    z.avail_out = (uInt)bound;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_commit(&packed, z.total_out);
    deflateEnd(&z);
}

static int decode_within(struct span in, size_t max_bytes)
{
    const struct gunzip_limits limits = gunzip_limits(max_bytes);
    err_clear(&error);
    int rc = gunzip_decode(gunzip, in, &limits, &out, &error);
    ck_assert_uint_le(out.len, max_bytes + 1);
    ck_assert((rc == 0) == (error.message[0] == '\0'));
    return rc;
}

static int decode(struct span in)
{
    return decode_within(in, LIMIT);
}

static void must_become(struct span text)
{
    ck_assert_msg(decode(buf_view(&packed)) == 0, "%s", error.message);
    ck_assert(span_eq(buf_view(&out), text));
}

static void must_refuse(struct span in, int code, const char *why)
{
    ck_assert_int_eq(decode(in), code);
    ck_assert_msg(strstr(error.message, why), "%s", error.message);
}

/* Lines of readings as devices send them: what a batch looks like to the compressor. */
static void write_lines(struct buf *text, unsigned count)
{
    struct rng rng;
    rng_seed(&rng, 7);
    buf_clear(text);
    for (unsigned i = 0; i < count; i++)
        buf_printf(text,
                   "{\"device_id\":\"dev-%03u\",\"ts\":%u,\"temperature_c\":%u.%u,"
                   "\"humidity\":48.0}\n",
                   i % 50, 1795255200 + i, 15 + (unsigned)rng_below(&rng, 10),
                   (unsigned)rng_below(&rng, 10));
}

START_TEST(what_was_packed_comes_out)
{
    struct buf text = {0};
    for (int level = 0; level <= 9; level++) {
        write_lines(&text, 1 + 400 * (unsigned)level);
        buf_clear(&packed);
        pack(buf_view(&text), level);
        must_become(buf_view(&text));
    }
    buf_clear(&packed);
    pack(span_str(""), 6);
    must_become(span_str(""));
    buf_deinit(&text);
}
END_TEST

START_TEST(several_members_are_one_text)
{
    pack(span_str("{\"a\":1}\n"), 9);
    pack(span_str(""), 9);
    pack(span_str("{\"a\":2}\n"), 0);
    must_become(span_str("{\"a\":1}\n{\"a\":2}\n"));
}
END_TEST

/* With name, comment, extra field and header checksum. */
START_TEST(optional_parts_of_the_header)
{
    z_stream z = {0};
    gz_header header = {.text = 1,
                        .extra = (Bytef *)"extra",
                        .extra_len = 5,
                        .name = (Bytef *)"batch.ndjson",
                        .comment = (Bytef *)"c",
                        .hcrc = 1};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflateSetHeader(&z, &header), Z_OK);
    z.next_in = (Bytef *)"{}";
    z.avail_in = 2;
    z.next_out = (Bytef *)buf_reserve(&packed, 256);
    z.avail_out = 256;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_commit(&packed, z.total_out);
    deflateEnd(&z);
    must_become(span_str("{}"));
}
END_TEST

START_TEST(cut_anywhere_is_refused)
{
    struct buf text = {0};
    write_lines(&text, 60);
    pack(buf_view(&text), 6);
    for (size_t len = 0; len < packed.len; len++) {
        if (decode(span_of(packed.data, len)) != ERR_SYNTAX)
            ck_abort_msg("%zu of %zu bytes: %s", len, packed.len, error.message);
        if (!strstr(error.message, "cut short"))
            ck_abort_msg("%zu of %zu bytes: %s", len, packed.len, error.message);
    }
    must_become(buf_view(&text));
    buf_deinit(&text);
}
END_TEST

/* No sum covers the time, system and hints in the header, and the bits that fill up the last byte
 * of the compressed text. */
START_TEST(a_flipped_bit_never_changes_the_text)
{
    struct buf text = {0};
    write_lines(&text, 60);
    pack(buf_view(&text), 6);
    unsigned accepted = 0;
    for (size_t bit = 0; bit < 8 * packed.len; bit++) {
        packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
        if (decode(buf_view(&packed)) == 0) {
            ck_assert(span_eq(buf_view(&out), buf_view(&text)));
            ck_assert(bit / 8 < HEADER || bit / 8 == packed.len - TRAILER - 1);
            accepted++;
        }
        packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
    }
    ck_assert_uint_le(accepted, 8 * 7 + 7);
    must_become(buf_view(&text));
    buf_deinit(&text);
}
END_TEST

START_TEST(other_bytes_are_no_gzip)
{
    static const char zlib[] = "\x78\x9c\x03\x00\x00\x00\x00\x01";
    must_refuse(span_of(NULL, 0), ERR_SYNTAX, "cut short at byte 0");
    must_refuse(span_str("{\"device_id\":\"a\"}"), ERR_SYNTAX, "incorrect header check");
    must_refuse(span_of(zlib, sizeof zlib - 1), ERR_SYNTAX, "incorrect header check");
}
END_TEST

START_TEST(bytes_behind_the_last_member_are_refused)
{
    pack(span_str("{}"), 6);
    size_t whole = packed.len;
    buf_str(&packed, "more");
    must_refuse(buf_view(&packed), ERR_SYNTAX, "incorrect header check");
    packed.len = whole;
    buf_append(&packed, "\0\0\0\0", 4);
    must_refuse(buf_view(&packed), ERR_SYNTAX, "incorrect header check");
    packed.len = whole;
    buf_char(&packed, '\x1f');
    must_refuse(buf_view(&packed), ERR_SYNTAX, "cut short");
}
END_TEST

START_TEST(sums_and_lengths_are_checked)
{
    pack(span_str("{\"a\":1}"), 6);
    packed.data[packed.len - TRAILER] ^= 1;
    must_refuse(buf_view(&packed), ERR_SYNTAX, "incorrect data check");
    packed.data[packed.len - TRAILER] ^= 1;
    packed.data[packed.len - 1] ^= 1;
    must_refuse(buf_view(&packed), ERR_SYNTAX, "incorrect length check");
}
END_TEST

static void fill(struct buf *text, size_t len)
{
    memset(buf_reserve(text, len), 'x', len);
    buf_commit(text, len);
}

START_TEST(the_limit_is_exact)
{
    struct buf text = {0};
    write_lines(&text, 1000);
    pack(buf_view(&text), 6);
    ck_assert_int_eq(decode_within(buf_view(&packed), text.len), 0);
    ck_assert(span_eq(buf_view(&out), buf_view(&text)));
    ck_assert_int_eq(decode_within(buf_view(&packed), text.len - 1), ERR_TOO_LARGE);
    ck_assert_msg(strstr(error.message, "larger than"), "%s", error.message);
    /* A last member of nothing changes nothing. */
    pack(span_str(""), 6);
    ck_assert_int_eq(decode_within(buf_view(&packed), text.len), 0);
    pack(span_str("x"), 6);
    ck_assert_int_eq(decode_within(buf_view(&packed), text.len), ERR_TOO_LARGE);
    buf_deinit(&text);
}
END_TEST

START_TEST(bombs)
{
    struct buf text = {0};
    fill(&text, 8 << 20);
    pack(buf_view(&text), 9);
    must_refuse(buf_view(&packed), ERR_TOO_LARGE, "200 times");
    ck_assert_uint_lt(out.cap, LIMIT); /* it did not have to come so far */
    /* Cut off, its size is still what is told of first. */
    must_refuse(span_of(packed.data, packed.len / 2), ERR_TOO_LARGE, "200 times");
    /* Short ones may be as repetitive as they like. */
    text.len = GUNZIP_FREE_BYTES;
    buf_clear(&packed);
    pack(buf_view(&text), 9);
    ck_assert_uint_lt(packed.len * GUNZIP_RATIO, text.len);
    must_become(buf_view(&text));
    buf_deinit(&text);
}
END_TEST

/* A mebibyte of readings is far from the ratio, also when only the time differs. */
START_TEST(repetitive_readings_are_no_bomb)
{
    struct buf text = {0};
    for (unsigned i = 0; text.len < LIMIT - 200; i++)
        buf_printf(&text,
                   "{\"device_id\":\"dev-1\",\"ts\":%u,\"temperature_c\":21.5,\"humidity\":48.0,"
                   "\"battery_level\":87,\"rssi\":-61,\"online\":true}\n",
                   1795255200 + i);
    pack(buf_view(&text), 9);
    ck_assert_uint_lt(text.len, packed.len * GUNZIP_RATIO / 2);
    must_become(buf_view(&text));
    buf_deinit(&text);
}
END_TEST

START_TEST(a_decoder_is_as_new_after_any_failure)
{
    pack(span_str("{}"), 6);
    must_refuse(span_of(packed.data, packed.len - 1), ERR_SYNTAX, "cut short");
    must_become(span_str("{}"));
    must_refuse(span_str("nothing"), ERR_SYNTAX, "incorrect");
    must_become(span_str("{}"));
    ck_assert_int_eq(decode_within(buf_view(&packed), 1), ERR_TOO_LARGE);
    must_become(span_str("{}"));
}
END_TEST

UNIT_CASE(gunzip)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_was_packed_comes_out);
    tcase_add_test(tc, several_members_are_one_text);
    tcase_add_test(tc, optional_parts_of_the_header);
    tcase_add_test(tc, cut_anywhere_is_refused);
    tcase_add_test(tc, a_flipped_bit_never_changes_the_text);
    tcase_add_test(tc, other_bytes_are_no_gzip);
    tcase_add_test(tc, bytes_behind_the_last_member_are_refused);
    tcase_add_test(tc, sums_and_lengths_are_checked);
    tcase_add_test(tc, the_limit_is_exact);
    tcase_add_test(tc, bombs);
    tcase_add_test(tc, repetitive_readings_are_no_bomb);
    tcase_add_test(tc, a_decoder_is_as_new_after_any_failure);
}
