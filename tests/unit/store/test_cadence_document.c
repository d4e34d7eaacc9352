/* The cadence in the document of a device. */
#include "common/store/documents.h"
#include "tests/unit/unit.h"

static int64_t int_at(const bson_t *doc, const char *path)
{
    bson_iter_t iter, at;
    ck_assert(bson_iter_init(&iter, doc));
    ck_assert_msg(bson_iter_find_descendant(&iter, path, &at), "%s", path);
    return bson_iter_as_int64(&at);
}

/* What operators and rules read, and a document of before there was a cadence. */
START_TEST(a_device_has_its_cadence_once_it_is_known)
{
    struct device_state d, out;
    bson_iter_t iter;
    device_state_init(&d, span_str("dev-1"));
    struct reading r = {.device_id = span_str("dev-1")};
    for (int i = 0; i <= CADENCE_GAPS_MIN; i++) {
        bson_t doc = BSON_INITIALIZER;
        r.ts_ms = 10000 * i;
        ck_assert(device_state_fold(&d, 0, i, &r));
        document_device_encode(&doc, &d, 1);
        ck_assert(bson_iter_init_find(&iter, &doc, "cadence") == (i == CADENCE_GAPS_MIN));
        if (i == CADENCE_GAPS_MIN) {
            ck_assert_int_eq(int_at(&doc, "cadence.median_ms"), 10000);
            ck_assert_int_eq(int_at(&doc, "cadence.spread_ms"), 0);
            ck_assert_int_eq(int_at(&doc, "cadence.gaps"), CADENCE_GAPS_MIN);
        }
        bson_destroy(&doc);
    }
    bson_t *old = bson_new_from_json(
        (const uint8_t
             *)"{\"last_seen\":{\"$date\":1},\"last_ts\":{\"$date\":1},\"first_seen\":"
               "{\"$date\":1},\"skew_ms\":0,\"rev\":1,\"acc\":[{\"p\":0,\"o\":7,\"n\":3}]}",
        -1, NULL);
    device_state_init(&out, span_str("dev-1"));
    ck_assert(document_device_decode(old, &out));
    ck_assert(!out.share[0].cadence.started && out.share[0].readings == 3);
    bson_destroy(old);
    device_state_deinit(&out);
    device_state_deinit(&d);
}
END_TEST

static bool decodes(const uint8_t *gaps, uint32_t len)
{
    struct device_state d;
    bson_t *doc =
        BCON_NEW("last_seen", BCON_DATE_TIME(1), "last_ts", BCON_DATE_TIME(1), "first_seen",
                 BCON_DATE_TIME(1), "skew_ms", BCON_INT64(0), "rev", BCON_INT64(1), "acc", "[", "{",
                 "p", BCON_INT32(0), "o", BCON_INT64(7), "n", BCON_INT64(3), "ts", BCON_INT64(5),
                 "gaps", BCON_BIN(BSON_SUBTYPE_BINARY, gaps, len), "}", "]");
    device_state_init(&d, span_str("dev-1"));
    bool ok = document_device_decode(doc, &d);
    device_state_deinit(&d);
    bson_destroy(doc);
    return ok;
}

START_TEST(gaps_that_do_not_fit_are_refused)
{
    static const uint8_t bytes[4 * CADENCE_GAPS + 4];
    ck_assert(decodes(bytes, 0));
    ck_assert(decodes(bytes, 4 * CADENCE_GAPS));
    ck_assert(!decodes(bytes, 4 * CADENCE_GAPS + 4));
    ck_assert(!decodes(bytes, 7));
}
END_TEST

UNIT_CASE(cadence_document)
{
    tcase_add_test(tc, a_device_has_its_cadence_once_it_is_known);
    tcase_add_test(tc, gaps_that_do_not_fit_are_refused);
}
