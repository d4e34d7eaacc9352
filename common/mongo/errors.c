/* Store errors told apart: the document's fault, a document that is there already, or trouble. */
#include "common/mongo/errors.h"

#include <stdbool.h>

/* Only codes that blame the document for good. What is not in here is trouble of the server or the
 * network: a reading must never be given up because the store is unwell. */
static const struct refusal {
    int code;
    int class;
    bool item_only; /* says something of a document only inside writeErrors: as the answer to a
                       whole command it may as well be a command this server does not know */
} refusals[] = {
    {11000, ERR_EXISTS, false},    {11001, ERR_EXISTS, false},
    {12582, ERR_EXISTS, false},    {10334, ERR_TOO_LARGE, false}, /* BSONObjectTooLarge */
    {17419, ERR_TOO_LARGE, false},                                /* too large after an update */
    {17420, ERR_TOO_LARGE, false},                                /* too large after an update */
    {17280, ERR_TOO_LARGE, false},                                /* KeyTooLong */
    {121, ERR_INVALID, false},                                    /* DocumentValidationFailure */
    {52, ERR_INVALID, false},                                     /* DollarPrefixedFieldName */
    {53, ERR_INVALID, false},                                     /* InvalidIdField */
    {56, ERR_INVALID, false},                                     /* EmptyFieldName */
    {57, ERR_INVALID, false},                                     /* DottedFieldName */
    {66, ERR_INVALID, false},                                     /* ImmutableField */
    {22, ERR_INVALID, true},                                      /* InvalidBSON */
    {2, ERR_INVALID, true},                                       /* BadValue */
    {9, ERR_INVALID, true},                                       /* FailedToParse */
    {14, ERR_INVALID, true},                                      /* TypeMismatch */
};

static int class_of(int code, bool item)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].code == code && (item || !refusals[i].item_only))
            return refusals[i].class;
    return ERR_UNAVAILABLE;
}

int mongo_classify_write_error(int server_code)
{
    return class_of(server_code, true);
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
    return class_of((int)error->code, has_entries(reply, "writeErrors"));
}

int mongo_fail(struct err *e, const char *what, const bson_error_t *error, const bson_t *reply)
{
    return err_set(e, mongo_classify(error, reply), "%s: %s", what,
                   error->message[0] ? error->message : "unknown outcome");
}
