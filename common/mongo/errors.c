/* Store errors told apart: the document's fault, a document that is there already, or trouble. */
#include "common/mongo/errors.h"

#include <stdbool.h>

/* A code that means the same wherever it stands. */
#define BOTH(code, name, blame)  \
    {                            \
        code, name, blame, blame \
    }
/* A code that as the answer to a command blames the server: never what the command holds. */
#define TROUBLE_OR(code, name, of_document)    \
    {                                          \
        code, name, MONGO_TROUBLE, of_document \
    }
/* A code that as the answer to a whole command says that something in it cannot be read: which of
 * its documents it was shows when they are sent in smaller numbers. */
#define FAILED_OR(code, name, of_document)    \
    {                                         \
        code, name, MONGO_FAILED, of_document \
    }

/* Names and numbers: MongoDB's error_codes.yml. A reading must never be given up because the store
 * is unwell, so what the server, its disk, its replica set or its operator does is listed as
 * trouble in both places. */
static const struct mongo_error_code codes[] = {
    BOTH(6, "HostUnreachable", MONGO_TROUBLE),
    BOTH(7, "HostNotFound", MONGO_TROUBLE),
    BOTH(24, "LockTimeout", MONGO_TROUBLE),
    BOTH(39, "FileStreamFailed", MONGO_TROUBLE),
    BOTH(43, "CursorNotFound", MONGO_TROUBLE),
    BOTH(46, "LockBusy", MONGO_TROUBLE),
    BOTH(50, "MaxTimeMSExpired", MONGO_TROUBLE),
    BOTH(63, "StaleShardVersion", MONGO_TROUBLE),
    BOTH(64, "WriteConcernTimeout", MONGO_TROUBLE),
    BOTH(74, "NodeNotFound", MONGO_TROUBLE),
    BOTH(89, "NetworkTimeout", MONGO_TROUBLE),
    BOTH(90, "CallbackCanceled", MONGO_TROUBLE),
    BOTH(91, "ShutdownInProgress", MONGO_TROUBLE),
    BOTH(112, "WriteConflict", MONGO_TROUBLE),
    BOTH(133, "FailedToSatisfyReadPreference", MONGO_TROUBLE),
    BOTH(134, "ReadConcernMajorityNotAvailableYet", MONGO_TROUBLE),
    BOTH(146, "ExceededMemoryLimit", MONGO_TROUBLE),
    BOTH(150, "StaleEpoch", MONGO_TROUBLE),
    BOTH(175, "QueryPlanKilled", MONGO_TROUBLE),
    BOTH(189, "PrimarySteppedDown", MONGO_TROUBLE),
    BOTH(202, "NetworkInterfaceExceededTimeLimit", MONGO_TROUBLE),
    BOTH(225, "TransactionTooOld", MONGO_TROUBLE),
    BOTH(237, "CursorKilled", MONGO_TROUBLE),
    BOTH(246, "SnapshotUnavailable", MONGO_TROUBLE),
    BOTH(251, "NoSuchTransaction", MONGO_TROUBLE),
    BOTH(262, "ExceededTimeLimit", MONGO_TROUBLE),
    BOTH(314, "ObjectIsBusy", MONGO_TROUBLE),
    BOTH(317, "ConnectionPoolExpired", MONGO_TROUBLE),
    BOTH(365, "TemporarilyUnavailable", MONGO_TROUBLE),
    BOTH(9001, "SocketException", MONGO_TROUBLE),
    BOTH(10058, "LegacyNotPrimary", MONGO_TROUBLE),
    BOTH(10107, "NotWritablePrimary", MONGO_TROUBLE),
    BOTH(11600, "InterruptedAtShutdown", MONGO_TROUBLE),
    BOTH(11601, "Interrupted", MONGO_TROUBLE),
    BOTH(11602, "InterruptedDueToReplStateChange", MONGO_TROUBLE),
    BOTH(13388, "StaleConfig", MONGO_TROUBLE),
    BOTH(13435, "NotPrimaryNoSecondaryOk", MONGO_TROUBLE),
    BOTH(13436, "NotPrimaryOrSecondary", MONGO_TROUBLE),
    BOTH(14031, "OutOfDiskSpace", MONGO_TROUBLE),

    BOTH(11, "UserNotFound", MONGO_DENIED),
    BOTH(13, "Unauthorized", MONGO_DENIED),
    BOTH(18, "AuthenticationFailed", MONGO_DENIED),
    BOTH(20, "IllegalOperation", MONGO_DENIED),
    BOTH(26, "NamespaceNotFound", MONGO_DENIED),
    BOTH(31, "RoleNotFound", MONGO_DENIED),
    BOTH(59, "CommandNotFound", MONGO_DENIED),
    BOTH(72, "InvalidOptions", MONGO_DENIED),
    BOTH(73, "InvalidNamespace", MONGO_DENIED),
    BOTH(76, "NoReplicationEnabled", MONGO_DENIED),
    BOTH(79, "UnknownReplWriteConcern", MONGO_DENIED),
    BOTH(100, "UnsatisfiableWriteConcern", MONGO_DENIED),
    BOTH(115, "CommandNotSupported", MONGO_DENIED),
    BOTH(166, "CommandNotSupportedOnView", MONGO_DENIED),
    BOTH(238, "NotImplemented", MONGO_DENIED),
    BOTH(323, "APIStrictError", MONGO_DENIED),
    BOTH(391, "ReauthenticationRequired", MONGO_DENIED),
    BOTH(8000, "AtlasError", MONGO_DENIED),

    BOTH(11000, "DuplicateKey", MONGO_EXISTS),
    BOTH(11001, "LegacyDuplicateKey", MONGO_EXISTS),
    BOTH(12582, "LegacyDuplicateKey", MONGO_EXISTS),

    BOTH(10334, "BSONObjectTooLarge", MONGO_TOO_LARGE),
    BOTH(17280, "KeyTooLong", MONGO_TOO_LARGE),
    BOTH(17419, "ResultingDocumentTooLarge", MONGO_TOO_LARGE),
    BOTH(17420, "ResultingDocumentTooLarge", MONGO_TOO_LARGE),

    BOTH(52, "DollarPrefixedFieldName", MONGO_REFUSED),
    BOTH(53, "InvalidIdField", MONGO_REFUSED),
    BOTH(56, "EmptyFieldName", MONGO_REFUSED),
    BOTH(57, "DottedFieldName", MONGO_REFUSED),
    BOTH(66, "ImmutableField", MONGO_REFUSED),
    BOTH(121, "DocumentValidationFailure", MONGO_REFUSED),
    FAILED_OR(2, "BadValue", MONGO_REFUSED),
    FAILED_OR(9, "FailedToParse", MONGO_REFUSED),
    FAILED_OR(14, "TypeMismatch", MONGO_REFUSED),
    FAILED_OR(22, "InvalidBSON", MONGO_REFUSED),

    FAILED_OR(15, "Overflow", MONGO_FAILED),
    FAILED_OR(17, "InvalidLength", MONGO_FAILED),
    TROUBLE_OR(1, "InternalError", MONGO_FAILED),
    TROUBLE_OR(4, "NoSuchKey", MONGO_FAILED),
    TROUBLE_OR(8, "UnknownError", MONGO_FAILED),
    TROUBLE_OR(28, "PathNotViable", MONGO_FAILED),
    TROUBLE_OR(96, "OperationFailed", MONGO_FAILED),
    TROUBLE_OR(171, "CannotIndexParallelArrays", MONGO_FAILED),
};

const struct mongo_error_code *mongo_error_code(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return &codes[i];
    return NULL;
}

const char *mongo_error_code_name(int code)
{
    const struct mongo_error_code *c = mongo_error_code(code);
    return c ? c->name : "unknown";
}

static enum mongo_blame blame_of(int code, bool document)
{
    const struct mongo_error_code *c = mongo_error_code(code);
    if (!c)
        return document ? MONGO_FAILED : MONGO_TROUBLE;
    return document ? c->of_document : c->of_command;
}

static int class_of(enum mongo_blame blame)
{
    static const int classes[] = {
        [MONGO_TROUBLE] = ERR_UNAVAILABLE, [MONGO_DENIED] = ERR_UNAVAILABLE,
        [MONGO_EXISTS] = ERR_EXISTS,       [MONGO_REFUSED] = ERR_INVALID,
        [MONGO_TOO_LARGE] = ERR_TOO_LARGE, [MONGO_FAILED] = ERR_FAILED,
    };
    return classes[blame];
}

int mongo_classify_write_error(int server_code)
{
    return class_of(blame_of(server_code, true));
}

static bool has_entries(const bson_t *reply, const char *name)
{
    bson_iter_t iter, child;
    return reply && bson_iter_init_find(&iter, reply, name) && BSON_ITER_HOLDS_ARRAY(&iter) &&
           bson_iter_recurse(&iter, &child) && bson_iter_next(&child);
}

/* The driver's own refusal to send a document: bad BSON, or larger than the server takes. */
static int classify_client_side(const bson_error_t *error)
{
    return strstr(error->message, "too large") ? ERR_TOO_LARGE : ERR_INVALID;
}

int mongo_classify(const bson_error_t *error, const bson_t *reply)
{
    if (has_entries(reply, "writeConcernErrors") || error->domain == MONGOC_ERROR_WRITE_CONCERN)
        return ERR_UNAVAILABLE; /* written perhaps, but not yet safe: write again */
    if (error->domain == MONGOC_ERROR_BSON)
        return classify_client_side(error);
    if (error->domain != MONGOC_ERROR_SERVER)
        return ERR_UNAVAILABLE;
    return class_of(blame_of((int)error->code, has_entries(reply, "writeErrors")));
}

int mongo_fail(struct err *e, const char *what, const bson_error_t *error, const bson_t *reply)
{
    bool server = error->domain == MONGOC_ERROR_SERVER;
    bool denied = server && blame_of((int)error->code, false) == MONGO_DENIED;
    const char *text = error->message[0] ? error->message : "unknown outcome";
    if (server && mongo_error_code((int)error->code))
        return err_set(e, mongo_classify(error, reply), "%s%s: %s (%s)",
                       denied ? "the store does not let us: " : "", what, text,
                       mongo_error_code_name((int)error->code));
    return err_set(e, mongo_classify(error, reply), "%s: %s", what, text);
}
