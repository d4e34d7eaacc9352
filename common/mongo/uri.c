/* The store's URL: what must be right in it, and what holds where it says nothing. */
#include "common/mongo/uri.h"

#include <string.h>
#include <unistd.h>

#include "common/base/sabotage.h"

/* This version of the driver crashes on a CA file that is not there and on an empty password. */
static int check_uri(const mongoc_uri_t *uri, struct err *e)
{
    static const char *const files[] = {MONGOC_URI_TLSCAFILE, MONGOC_URI_TLSCERTIFICATEKEYFILE};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = mongoc_uri_get_option_as_utf8(uri, files[i], NULL);
        if (path && access(path, R_OK) != 0)
            return err_set(e, ERR_INVALID, "%s '%s' cannot be read", files[i], path);
    }
    const char *user = mongoc_uri_get_username(uri), *password = mongoc_uri_get_password(uri);
    const char *mechanism = mongoc_uri_get_auth_mechanism(uri);
    bool by_password = !mechanism || strncmp(mechanism, "SCRAM", 5) == 0;
    if (user && *user && by_password && !(password && *password))
        return err_set(e, ERR_INVALID, "the store's URL names a user without a password");
    return 0;
}

static void default_number(mongoc_uri_t *uri, const char *option, int32_t value)
{
    if (!mongoc_uri_has_option(uri, option))
        mongoc_uri_set_option_as_int32(uri, option, value);
}

/* What a failover could still take back must not decide whether a reading counts. */
static void set_read_concern(mongoc_uri_t *uri)
{
    if (mongoc_uri_has_option(uri, MONGOC_URI_READCONCERNLEVEL))
        return;
    mongoc_read_concern_t *rc = mongoc_read_concern_new();
    mongoc_read_concern_set_level(rc, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_uri_set_read_concern(uri, rc);
    mongoc_read_concern_destroy(rc);
}

static void set_write_concern(mongoc_uri_t *uri)
{
    mongoc_write_concern_t *wc = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));
    if (!mongoc_uri_has_option(uri, MONGOC_URI_W))
        mongoc_write_concern_set_w(wc, MONGOC_WRITE_CONCERN_W_MAJORITY);
    if (!mongoc_uri_has_option(uri, MONGOC_URI_JOURNAL))
        mongoc_write_concern_set_journal(wc, !SABOTAGED(BREAK_UNJOURNALED_WRITES));
    if (mongoc_write_concern_get_wtimeout_int64(wc) == 0)
        mongoc_write_concern_set_wtimeout_int64(wc, 8000); /* an answer before the socket's limit */
    mongoc_uri_set_write_concern(uri, wc);
    mongoc_write_concern_destroy(wc);
}

static void set_defaults(mongoc_uri_t *uri, const struct mongo_options *options)
{
    default_number(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 3000);
    default_number(uri, MONGOC_URI_CONNECTTIMEOUTMS, 3000);
    default_number(uri, MONGOC_URI_SOCKETTIMEOUTMS,
                   options->socket_timeout_ms ? options->socket_timeout_ms : 10000);
    default_number(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, 3000);
    default_number(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, 2000);
    default_number(uri, MONGOC_URI_MAXPOOLSIZE,
                   options->max_clients ? (int32_t)options->max_clients : 1);
    set_write_concern(uri);
    set_read_concern(uri);
}

int mongo_uri_new(mongoc_uri_t **out, const struct mongo_options *options, struct err *e)
{
    bson_error_t error = {0};
    mongoc_uri_t *uri = mongoc_uri_new_with_error(options->url, &error);
    if (!uri)
        return err_set(e, ERR_INVALID, "the store's URL is wrong: %s", error.message);
    int rc = check_uri(uri, e);
    if (rc) {
        mongoc_uri_destroy(uri);
        return rc;
    }
    set_defaults(uri, options);
    *out = uri;
    return 0;
}
