/* Ids of readings against values computed elsewhere (Python's hashlib), and what contents are. */
#include <string.h>

#include "tests/unit/model/decoded.h"
#include "tests/unit/unit.h"

static const struct {
    const char *device;
    int64_t ts_ms;
    bool has_seq;
    int64_t seq;
    const char *id;
} vectors[] = {
    {"dev-1", INT64_C(1795255200123), false, 0, "6b016ba04ffaf65abfe31d97"},
    {"dev-1", INT64_C(1795255200123), true, 42, "6b016ba060cd030c3ca0cc70"},
    {"dev-1", -5000, false, 0, "000000007c3edd87337aff0e"},
    {"dev-1", -1, true, -7, "00000000687b15fd4dc82ad7"},
    {"\xe6\xb8\xa9\xe5\xba\xa6", INT64_C(4294967296005), false, 0, "ffffffff41df604d2a1b3dbd"},
};

START_TEST(ids_are_the_fixed_ones)
{
    char hex[READING_ID_HEX + 1];
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct reading r = {.device_id = span_str(vectors[i].device),
                            .ts_ms = vectors[i].ts_ms,
                            .has_seq = vectors[i].has_seq,
                            .seq = vectors[i].seq};
        struct reading_id id = reading_id(&r);
        reading_id_hex(&id, hex);
        ck_assert_str_eq(hex, vectors[i].id);
    }
}
END_TEST

START_TEST(longest_material_fits)
{
    char hex[READING_ID_HEX + 1], device[READING_DEVICE_ID_MAX];
    memset(device, 'd', sizeof(device));
    struct reading r = {.device_id = span_of(device, sizeof(device)),
                        .ts_ms = INT64_C(253402300799999),
                        .has_seq = true,
                        .seq = INT64_MIN};
    struct reading_id id = reading_id(&r);
    reading_id_hex(&id, hex);
    ck_assert_str_eq(hex, "ffffffff50bbecfe046f1a7e");
}
END_TEST

/* With a key neither time nor seq count: the server supplied the time, or the client the key. */
START_TEST(a_key_stands_for_time_and_seq)
{
    char hex[READING_ID_HEX + 1], key[READING_KEY_MAX];
    struct reading r = {
        .device_id = span_str("dev-1"), .ts_ms = 5, .has_seq = true, .key = span_str("retry-77")};
    struct reading_id id = reading_id(&r);
    reading_id_hex(&id, hex);
    ck_assert_str_eq(hex, "b20faca69c1fbcaf2ca7c995");
    r.ts_ms = 6;
    r.seq = 9;
    struct reading_id later = reading_id(&r);
    ck_assert_mem_eq(id.byte, later.byte, READING_ID_BYTES);
    memset(key, 'k', sizeof(key));
    r.key = span_of(key, sizeof(key));
    id = reading_id(&r);
    reading_id_hex(&id, hex);
    ck_assert_str_eq(hex, "a2f6a3d38c065bca9e2b34d6");
}
END_TEST

#define BASE "'device_id':'a','ts':5,'seq':1,'lat':1,'lon':2,'online':true"

static const struct {
    const char *a, *b;
    bool same;
} pairs[] = {
    {"{" BASE ",'x':1,'y':2}", "{'y':2.0,'x':1e0," BASE "}", true},
    {"{" BASE ",'received_at':1,'key':'k'}", "{" BASE ",'received_at':2,'key':'l'}", true},
    {"{" BASE ",'x':0}", "{" BASE ",'x':-0}", true},
    {"{" BASE ",'x':1}", "{" BASE ",'x':2}", false},
    {"{" BASE ",'x':1}", "{" BASE ",'y':1}", false},
    {"{" BASE ",'x':1}", "{" BASE "}", false},
    {"{" BASE "}", "{" BASE ",'x':1}", false},
    {"{'device_id':'a','ts':5,'x':1}", "{'device_id':'b','ts':5,'x':1}", false},
    {"{'device_id':'a','ts':5,'x':1}", "{'device_id':'a','ts':6,'x':1}", false},
    {"{'device_id':'a','ts':5,'x':1}", "{'device_id':'a','ts':5,'x':1,'seq':0}", false},
    {"{'device_id':'a','ts':5,'x':1,'seq':1}", "{'device_id':'a','ts':5,'x':1,'seq':2}", false},
    {"{'device_id':'a','ts':5,'online':true}", "{'device_id':'a','ts':5,'online':false}", false},
    {"{'device_id':'a','ts':5,'x':1}", "{'device_id':'a','ts':5,'x':1,'online':false}", false},
    {"{'device_id':'a','ts':5,'lat':1,'lon':2}", "{'device_id':'a','ts':5,'lat':1,'lon':3}", false},
    {"{'device_id':'a','ts':5,'lat':1,'lon':2}", "{'device_id':'a','ts':5,'lat':2,'lon':2}", false},
};

START_TEST(a_repeat_is_told_from_a_conflict)
{
    static struct decoded a, b;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        decode_text(&a, READING_CANONICAL, pairs[i].a);
        decode_text(&b, READING_CANONICAL, pairs[i].b);
        ck_assert_int_eq(a.rc, 0);
        ck_assert_int_eq(b.rc, 0);
        ck_assert_msg(reading_same_contents(&a.reading, &b.reading) == pairs[i].same, "%s %s",
                      pairs[i].a, pairs[i].b);
    }
}
END_TEST

UNIT_CASE(reading_id)
{
    tcase_add_test(tc, ids_are_the_fixed_ones);
    tcase_add_test(tc, longest_material_fits);
    tcase_add_test(tc, a_key_stands_for_time_and_seq);
    tcase_add_test(tc, a_repeat_is_told_from_a_conflict);
}
