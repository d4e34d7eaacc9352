/* The ledger's document comes back as it was, and the schema's index table is sound. */
#include "common/store/documents.h"
#include "common/store/schema.h"
#include "tests/unit/unit.h"

static bool same_ledger(const struct ledger *a, const struct ledger *b)
{
    return a->partition == b->partition && a->first == b->first &&
           a->next_offset == b->next_offset && a->stored == b->stored &&
           a->duplicate == b->duplicate && a->dead == b->dead && a->gap == b->gap &&
           a->watermark_ms == b->watermark_ms;
}

START_TEST(ledgers_come_back)
{
    struct ledger in = {.partition = 3,
                        .first = 5,
                        .next_offset = 1000,
                        .stored = 900,
                        .duplicate = 50,
                        .dead = 25,
                        .gap = 20,
                        .watermark_ms = 1763719200000};
    for (int i = 0; i < 2; i++) {
        struct ledger out = {.partition = 3};
        bson_t doc = BSON_INITIALIZER;
        bson_iter_t iter;
        document_ledger_encode(&doc, "telemetry.raw", &in, 7);
        ck_assert(bson_iter_init_find(&iter, &doc, "_id"));
        ck_assert_str_eq(bson_iter_utf8(&iter, NULL), "telemetry.raw/3");
        ck_assert(document_ledger_decode(&doc, &out));
        ck_assert(same_ledger(&in, &out));
        bson_destroy(&doc);
        in.watermark_ms = INT64_MIN;
    }
}
END_TEST

START_TEST(the_schema_has_sound_keys_and_periods)
{
    const struct store_schema_options options = {.raw = "r",
                                                 .windows = "w",
                                                 .alerts = "a",
                                                 .raw_ttl_ms = 1500,
                                                 .windows_ttl_ms = 7776000000,
                                                 .alerts_ttl_ms = 1};
    struct mongo_index rows[STORE_SCHEMA_INDEXES];
    size_t count = store_schema_indexes(&options, rows);
    ck_assert_uint_gt(count, 10);
    int with_ttl = 0;
    for (size_t i = 0; i < count; i++) {
        bson_t keys = BSON_INITIALIZER;
        struct buf name = {0};
        ck_assert_ptr_nonnull(rows[i].collection);
        ck_assert(mongo_index_parse(rows[i].keys, &keys, &name));
        with_ttl += rows[i].expire_after_s > 0;
        if (strcmp(rows[i].collection, "r") == 0 && rows[i].expire_after_s)
            ck_assert_int_eq(rows[i].expire_after_s, 2);
        ck_assert(rows[i].expire_after_s == 0 || bson_count_keys(&keys) == 1);
        buf_deinit(&name);
        bson_destroy(&keys);
    }
    ck_assert_int_eq(with_ttl, 3); /* hours are kept for ever when no period is given */
}
END_TEST

UNIT_CASE(ledger_document)
{
    tcase_add_test(tc, ledgers_come_back);
    tcase_add_test(tc, the_schema_has_sound_keys_and_periods);
}
