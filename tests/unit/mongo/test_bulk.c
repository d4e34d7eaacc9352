/* What a bulk reply says of each operation, and the shape of a guarded replace. */
#include "common/mongo/bulk.h"
#include "tests/unit/unit.h"

enum { COUNT = 3 };

struct outcome {
    struct mongo_bulk_item items[COUNT];
    int64_t modified;
    struct err e;
};

static int outcome_of(struct outcome *o, bool ok, const char *reply_json, uint32_t domain,
                      uint32_t code)
{
    *o = (struct outcome){.modified = -1};
    bson_error_t error = {.domain = domain, .code = code};
    bson_t *reply = bson_new_from_json((const uint8_t *)reply_json, -1, NULL);
    ck_assert_ptr_nonnull(reply);
    int rc = mongo_bulk_outcome(ok, reply, &error, o->items, COUNT, &o->modified, &o->e);
    bson_destroy(reply);
    return rc;
}

START_TEST(success_fills_zeroes)
{
    struct outcome o;
    ck_assert_int_eq(outcome_of(&o, true, "{\"nInserted\":0,\"nModified\":2,\"nMatched\":3}", 0, 0),
                     0);
    ck_assert_int_eq(o.modified, 2);
    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(o.items[i].error, 0);
}
END_TEST

START_TEST(write_errors_belong_to_their_index)
{
    struct outcome o;
    const char *reply = "{\"nInserted\":1,\"writeErrors\":["
                        "{\"index\":2,\"code\":11000,\"errmsg\":\"E11000\"},"
                        "{\"index\":0,\"code\":121,\"errmsg\":\"no\"}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 11000), 0);
    ck_assert_int_eq(o.items[0].error, ERR_INVALID);
    ck_assert_int_eq(o.items[0].server_code, 121);
    ck_assert_int_eq(o.items[1].error, 0);
    ck_assert_int_eq(o.items[2].error, ERR_EXISTS);
}
END_TEST

START_TEST(nothing_answered_is_unavailable)
{
    struct outcome o;
    ck_assert_int_eq(outcome_of(&o, false, "{}", MONGOC_ERROR_STREAM, 4), ERR_UNAVAILABLE);
    ck_assert_int_eq(o.e.code, ERR_UNAVAILABLE);
}
END_TEST

/* The driver reports E11000 of the first batch and keeps silent about the lost second one. */
START_TEST(a_duplicate_does_not_hide_a_lost_batch)
{
    struct outcome o;
    const char *reply = "{\"nInserted\":1,\"writeErrors\":[{\"index\":0,\"code\":11000}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 11000), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(a_write_error_that_blames_the_server_is_unavailable)
{
    struct outcome o;
    const char *reply = "{\"nInserted\":2,\"writeErrors\":[{\"index\":0,\"code\":14031}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 14031), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(a_document_that_failed_has_an_outcome_of_its_own)
{
    struct outcome o;
    const char *reply = "{\"nInserted\":2,\"writeErrors\":[{\"index\":1,\"code\":8}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 8), 0);
    ck_assert_int_eq(o.items[1].error, ERR_FAILED);
    ck_assert_int_eq(o.items[1].server_code, 8);
}
END_TEST

START_TEST(a_command_refused_for_what_it_holds_is_told_apart)
{
    struct outcome o;
    ck_assert_int_eq(outcome_of(&o, false, "{\"nInserted\":0}", MONGOC_ERROR_SERVER, 9),
                     ERR_FAILED);
    ck_assert_int_eq(outcome_of(&o, false, "{\"nInserted\":0}", MONGOC_ERROR_SERVER, 10334),
                     ERR_TOO_LARGE);
    ck_assert_int_eq(outcome_of(&o, false, "{\"nInserted\":0}", MONGOC_ERROR_SERVER, 10107),
                     ERR_UNAVAILABLE);
}
END_TEST

START_TEST(a_success_that_counts_too_few_is_none)
{
    struct mongo_bulk_item items[COUNT];
    struct err e = {0};
    bson_error_t error = {0};
    bson_t *reply = BCON_NEW("nInserted", BCON_INT32(2));
    ck_assert_int_eq(mongo_bulk_outcome(true, reply, &error, items, COUNT, NULL, &e),
                     ERR_UNAVAILABLE);
    ck_assert_str_eq(e.message, "bulk write: 2 of 3 operations are accounted for");
    /* a guarded replace may find nothing */
    int64_t modified;
    ck_assert_int_eq(mongo_bulk_outcome(true, reply, &error, items, COUNT, &modified, &e), 0);
    bson_destroy(reply);
}
END_TEST

START_TEST(not_yet_durable_is_unavailable)
{
    struct outcome o;
    const char *reply = "{\"nInserted\":2,\"writeErrors\":[{\"index\":0,\"code\":11000}],"
                        "\"writeConcernErrors\":[{\"code\":64,\"errmsg\":\"waiting\"}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 11000), ERR_UNAVAILABLE);
    reply = "{\"nInserted\":3,\"writeErrors\":[],\"writeConcernErrors\":[{\"code\":64}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_WRITE_CONCERN, 64), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(an_index_out_of_range_is_not_followed)
{
    struct outcome o;
    const char *reply = "{\"nInserted\":2,\"writeErrors\":[{\"index\":3,\"code\":11000}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 11000), ERR_UNAVAILABLE);
    reply = "{\"nInserted\":2,\"writeErrors\":[{\"index\":-1,\"code\":11000}]}";
    ck_assert_int_eq(outcome_of(&o, false, reply, MONGOC_ERROR_SERVER, 11000), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(what_the_driver_refuses_to_send_is_told_apart)
{
    struct outcome o;
    ck_assert_int_eq(outcome_of(&o, false, "{}", MONGOC_ERROR_BSON, 1), ERR_INVALID);
}
END_TEST

START_TEST(an_empty_bulk_is_done)
{
    int64_t modified = 7;
    struct err e = {0};
    ck_assert_int_eq(mongo_bulk_execute(NULL, NULL, 0, &modified, &e), 0);
    ck_assert_int_eq(modified, 0);
}
END_TEST

START_TEST(device_strings_stay_literal_in_a_guarded_replace)
{
    bson_t pipeline = BSON_INITIALIZER, doc = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "_id", "$rev");
    mongo_guarded_replace(&pipeline, "$rev", 41, &doc);
    char *json = bson_as_relaxed_extended_json(&pipeline, NULL);
    ck_assert_str_eq(json, "{ \"0\" : { \"$replaceWith\" : { \"$cond\" : [ "
                           "{ \"$eq\" : [ \"$rev\", 41 ] }, "
                           "{ \"$literal\" : { \"_id\" : \"$rev\" } }, \"$$ROOT\" ] } } }");
    bson_free(json);
    bson_destroy(&doc);
    bson_destroy(&pipeline);
}
END_TEST

UNIT_CASE(bulk)
{
    tcase_add_test(tc, success_fills_zeroes);
    tcase_add_test(tc, write_errors_belong_to_their_index);
    tcase_add_test(tc, nothing_answered_is_unavailable);
    tcase_add_test(tc, a_duplicate_does_not_hide_a_lost_batch);
    tcase_add_test(tc, a_write_error_that_blames_the_server_is_unavailable);
    tcase_add_test(tc, a_document_that_failed_has_an_outcome_of_its_own);
    tcase_add_test(tc, a_command_refused_for_what_it_holds_is_told_apart);
    tcase_add_test(tc, a_success_that_counts_too_few_is_none);
    tcase_add_test(tc, not_yet_durable_is_unavailable);
    tcase_add_test(tc, an_index_out_of_range_is_not_followed);
    tcase_add_test(tc, what_the_driver_refuses_to_send_is_told_apart);
    tcase_add_test(tc, an_empty_bulk_is_done);
    tcase_add_test(tc, device_strings_stay_literal_in_a_guarded_replace);
}
