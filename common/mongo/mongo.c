/* The store client: a pool with bounded timeouts that every daemon shares between its threads. */
#include "common/mongo/mongo.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/xmalloc.h"
#include "common/mongo/monitor.h"
#include "common/mongo/uri.h"

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

static int open_pool(struct mongo *m, const struct mongo_options *options, struct err *e)
{
    bson_error_t error = {0};
    mongoc_uri_t *uri;
    int rc = mongo_uri_new(&uri, options, e);
    if (rc)
        return rc;
    m->pool = mongoc_client_pool_new_with_error(uri, &error);
    if (!m->pool)
        rc = err_set(e, ERR_INVALID, "the store's URL is wrong: %s", error.message);
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
