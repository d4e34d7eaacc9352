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

/* What each code means as the answer to a command, and inside writeErrors. */
static const struct code_case {
    uint32_t code;
    const char *name;
    int of_command, of_document;
} code_cases[] = {
    {6, "HostUnreachable", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {7, "HostNotFound", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {24, "LockTimeout", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {50, "MaxTimeMSExpired", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {64, "WriteConcernTimeout", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {89, "NetworkTimeout", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {91, "ShutdownInProgress", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {112, "WriteConflict", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {189, "PrimarySteppedDown", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {262, "ExceededTimeLimit", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {9001, "SocketException", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {10107, "NotWritablePrimary", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {11600, "InterruptedAtShutdown", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {11601, "Interrupted", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {11602, "InterruptedDueToReplStateChange", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {13435, "NotPrimaryNoSecondaryOk", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {13436, "NotPrimaryOrSecondary", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {14031, "OutOfDiskSpace", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    /* rights and set-up: people must act, and no reading is given up meanwhile */
    {13, "Unauthorized", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {18, "AuthenticationFailed", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {20, "IllegalOperation", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {59, "CommandNotFound", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    {100, "UnsatisfiableWriteConcern", ERR_UNAVAILABLE, ERR_UNAVAILABLE},
    /* the document, for good */
    {11000, "DuplicateKey", ERR_EXISTS, ERR_EXISTS},
    {10334, "BSONObjectTooLarge", ERR_TOO_LARGE, ERR_TOO_LARGE},
    {17280, "KeyTooLong", ERR_TOO_LARGE, ERR_TOO_LARGE},
    {52, "DollarPrefixedFieldName", ERR_INVALID, ERR_INVALID},
    {121, "DocumentValidationFailure", ERR_INVALID, ERR_INVALID},
    /* as an answer to a command these may as well speak of the command */
    {2, "BadValue", ERR_FAILED, ERR_INVALID},
    {9, "FailedToParse", ERR_FAILED, ERR_INVALID},
    {14, "TypeMismatch", ERR_FAILED, ERR_INVALID},
    {22, "InvalidBSON", ERR_FAILED, ERR_INVALID},
    {15, "Overflow", ERR_FAILED, ERR_FAILED},
    {1, "InternalError", ERR_UNAVAILABLE, ERR_FAILED},
    {8, "UnknownError", ERR_UNAVAILABLE, ERR_FAILED},
    {999999, "unknown", ERR_UNAVAILABLE, ERR_FAILED}, /* whatever comes next */
};

START_TEST(each_code_has_its_class)
{
    const struct code_case *c = &code_cases[_i];
    ck_assert_str_eq(mongo_error_code_name((int)c->code), c->name);
    ck_assert_int_eq(server(c->code), c->of_command);
    ck_assert_int_eq(of_document(c->code), c->of_document);
    ck_assert_int_eq(mongo_classify_write_error((int)c->code), c->of_document);
}
END_TEST

START_TEST(a_matter_of_rights_is_said_to_be_one)
{
    bson_error_t error = {0};
    struct err e = {0};
    bson_set_error(&error, MONGOC_ERROR_SERVER, 13, "not authorized on iotdb");
    ck_assert_int_eq(mongo_fail(&e, "bulk write", &error, NULL), ERR_UNAVAILABLE);
    ck_assert_str_eq(e.message, "the store does not let us: bulk write: not authorized on iotdb "
                                "(Unauthorized)");
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
    tcase_add_loop_test(tc, each_code_has_its_class, 0, sizeof code_cases / sizeof *code_cases);
    tcase_add_test(tc, a_matter_of_rights_is_said_to_be_one);
    tcase_add_test(tc, client_side_trouble_is_unavailable);
    tcase_add_test(tc, not_yet_durable_is_unavailable_even_beside_a_duplicate);
    tcase_add_test(tc, the_message_says_what_was_tried);
}
