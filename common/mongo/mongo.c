/* The store client: a pool with bounded timeouts that every daemon shares between its threads. */
#include "common/mongo/mongo.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/xmalloc.h"
#include "common/mongo/monitor.h"

struct mongo {
    mongoc_client_pool_t *pool;
    struct mongo_monitor monitor; /* once there is a pool */
    char *database;
};

/* The driver keeps counters in /dev/shm/mongoc-<pid> and leaves them behind when it is killed. It
 * reads MONGOC_DISABLE_SHM in a constructor, before main: for programs started without it the name
 * is taken away here; the mapping lives on unseen. */
static void set_up_driver(void)
{
    setenv("MONGOC_DISABLE_SHM", "1", 0);
    mongoc_init();
    char name[32];
    snprintf(name, sizeof name, "/mongoc-%u", (unsigned)getpid());
    shm_unlink(name);
    atexit(mongoc_cleanup);
}

static void discard_log(mongoc_log_level_t level, const char *domain, const char *message,
                        void *arg)
{
    (void)level, (void)domain, (void)message, (void)arg;
}

struct log_target {
    void (*log)(void *arg, int level, const char *domain, const char *message);
    void *arg;
};

/* The driver has one handler a process, so this is the one place where a global is right. */
static struct log_target log_target;

static void forward_log(mongoc_log_level_t level, const char *domain, const char *message,
                        void *arg)
{
    const struct log_target *target = arg;
    if (level <= MONGOC_LOG_LEVEL_INFO) /* monitors write debug lines twice a second */
        target->log(target->arg, (int)level, domain, message);
}

static void set_log(const struct mongo_options *options)
{
    log_target = (struct log_target){.log = options->log, .arg = options->log_arg};
    mongoc_log_set_handler(options->log ? forward_log : discard_log, &log_target);
}

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
        mongoc_write_concern_set_journal(wc, true);
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

static int open_pool(struct mongo *m, const struct mongo_options *options, struct err *e)
{
    bson_error_t error = {0};
    mongoc_uri_t *uri = mongoc_uri_new_with_error(options->url, &error);
    if (!uri)
        return err_set(e, ERR_INVALID, "the store's URL is wrong: %s", error.message);
    int rc = check_uri(uri, e);
    if (rc == 0) {
        set_defaults(uri, options);
        m->pool = mongoc_client_pool_new_with_error(uri, &error);
        if (!m->pool)
            rc = err_set(e, ERR_INVALID, "the store's URL is wrong: %s", error.message);
    }
    mongoc_uri_destroy(uri);
    return rc;
}

int mongo_new(struct mongo **out, const struct mongo_options *options, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up_driver);
    set_log(options);
    struct mongo *m = xcalloc(1, sizeof *m);
    int rc = open_pool(m, options, e);
    if (rc) {
        mongo_free(m);
        return rc;
    }
    mongoc_client_pool_set_error_api(m->pool, MONGOC_ERROR_API_VERSION_2);
    if (options->app_name)
        mongoc_client_pool_set_appname(m->pool, options->app_name);
    m->database = xstrdup(options->database);
    mongo_monitor_init(&m->monitor, m->pool);
    mongoc_client_t *first = mongo_pop(m); /* starts the monitoring */
    if (first)
        mongo_push(m, first);
    *out = m;
    return 0;
}

void mongo_free(struct mongo *m)
{
    if (!m)
        return;
    if (m->pool) {
        mongoc_client_pool_destroy(m->pool);
        mongo_monitor_deinit(&m->monitor);
    }
    mongoc_log_set_handler(discard_log, NULL); /* the log may be gone before the driver is */
    free(m->database);
    free(m);
}

mongoc_client_t *mongo_pop(struct mongo *m)
{
    return mongoc_client_pool_pop(m->pool);
}

void mongo_push(struct mongo *m, mongoc_client_t *c)
{
    mongoc_client_pool_push(m->pool, c);
}

const char *mongo_database(const struct mongo *m)
{
    return m->database;
}

mongoc_collection_t *mongo_collection(struct mongo *m, mongoc_client_t *c, const char *name)
{
    return mongoc_client_get_collection(c, m->database, name);
}

bool mongo_ready(struct mongo *m, char *why, size_t why_size)
{
    return mongo_monitor_ready(&m->monitor, why, why_size);
}
