/* Which store errors are a document's fault, and which are trouble that passes. */
#include "common/mongo/errors.h"
#include "tests/unit/unit.h"

static int classify(uint32_t domain, uint32_t code, const char *message, const char *reply_json)
{
    bson_error_t error = {0};
    bson_set_error(&error, domain, code, "%s", message);
    bson_t *reply = reply_json ? bson_new_from_json((const uint8_t *)reply_json, -1, NULL) : NULL;
    int class = mongo_classify(&error, reply);
    if (reply)
        bson_destroy(reply);
    return class;
}

static int server(uint32_t code)
{
    return classify(MONGOC_ERROR_SERVER, code, "x", NULL);
}

static int of_document(uint32_t code)
{
    return classify(MONGOC_ERROR_SERVER, code, "x", "{\"writeErrors\":[{\"index\":0}]}");
}

START_TEST(duplicate_keys_exist)
{
    ck_assert_int_eq(server(11000), ERR_EXISTS);
    ck_assert_int_eq(of_document(11000), ERR_EXISTS);
    ck_assert_int_eq(mongo_classify_write_error(11000), ERR_EXISTS);
}
END_TEST

START_TEST(refused_documents_are_invalid)
{
    ck_assert_int_eq(of_document(121), ERR_INVALID);
    ck_assert_int_eq(of_document(2), ERR_INVALID);
    ck_assert_int_eq(server(10334), ERR_TOO_LARGE);
    ck_assert_int_eq(
        classify(MONGOC_ERROR_BSON, 1, "Document 3 is too large for the cluster", NULL),
        ERR_TOO_LARGE);
    ck_assert_int_eq(classify(MONGOC_ERROR_BSON, 1, "corrupt BSON", NULL), ERR_INVALID);
}
END_TEST

START_TEST(trouble_is_never_a_documents_fault)
{
    static const uint32_t codes[] = {
        6,     /* HostUnreachable */
        7,     /* HostNotFound */
        13,    /* Unauthorized */
        18,    /* AuthenticationFailed */
        50,    /* MaxTimeMSExpired */
        64,    /* WriteConcernFailed */
        89,    /* NetworkTimeout */
        91,    /* ShutdownInProgress */
        189,   /* PrimarySteppedDown */
        262,   /* ExceededTimeLimit */
        10107, /* NotWritablePrimary */
        11600, /* InterruptedAtShutdown */
        11601, /* Interrupted */
        11602, /* InterruptedDueToReplStateChange */
        13435, /* NotPrimaryNoSecondaryOk */
        13436, /* NotPrimaryOrSecondary */
        14031, /* OutOfDiskSpace */
        999999 /* whatever comes next */
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        ck_assert_int_eq(server(codes[i]), ERR_UNAVAILABLE);
        ck_assert_int_eq(of_document(codes[i]), ERR_UNAVAILABLE);
    }
}
END_TEST

START_TEST(a_refused_command_is_not_a_refused_document)
{
    ck_assert_int_eq(server(2), ERR_UNAVAILABLE);
    ck_assert_int_eq(server(9), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(client_side_trouble_is_unavailable)
{
    ck_assert_int_eq(classify(MONGOC_ERROR_SERVER_SELECTION, 13053, "No suitable servers", NULL),
                     ERR_UNAVAILABLE);
    ck_assert_int_eq(classify(MONGOC_ERROR_STREAM, 4, "socket error or timeout", NULL),
                     ERR_UNAVAILABLE);
    ck_assert_int_eq(classify(0, 0, "", NULL), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(not_yet_durable_is_unavailable_even_beside_a_duplicate)
{
    const char *reply = "{\"writeErrors\":[{\"index\":0,\"code\":11000}],"
                        "\"writeConcernErrors\":[{\"code\":64}]}";
    ck_assert_int_eq(classify(MONGOC_ERROR_SERVER, 11000, "E11000", reply), ERR_UNAVAILABLE);
    ck_assert_int_eq(classify(MONGOC_ERROR_WRITE_CONCERN, 11000, "E11000", NULL), ERR_UNAVAILABLE);
}
END_TEST

START_TEST(the_message_says_what_was_tried)
{
    bson_error_t error = {0};
    bson_set_error(&error, MONGOC_ERROR_STREAM, 4, "connection closed");
    struct err e = {0};
    ck_assert_int_eq(mongo_fail(&e, "find", &error, NULL), ERR_UNAVAILABLE);
    ck_assert_str_eq(e.message, "find: connection closed");
}
END_TEST

UNIT_CASE(errors)
{
    tcase_add_test(tc, duplicate_keys_exist);
    tcase_add_test(tc, refused_documents_are_invalid);
    tcase_add_test(tc, trouble_is_never_a_documents_fault);
    tcase_add_test(tc, a_refused_command_is_not_a_refused_document);
    tcase_add_test(tc, client_side_trouble_is_unavailable);
    tcase_add_test(tc, not_yet_durable_is_unavailable_even_beside_a_duplicate);
    tcase_add_test(tc, the_message_says_what_was_tried);
}
