/* The repository over MongoDB. */
#ifndef WEIR_DASHBOARD_REPOSITORY_MONGO_H
#define WEIR_DASHBOARD_REPOSITORY_MONGO_H

#include "common/mongo/mongo.h"
#include "dashboard/repository.h"

/* Borrowed strings; must outlive the port. */
struct repository_mongo {
    struct mongo *mongo;
    const char *raw, *windows, *alerts, *devices; /* collections */
};

/* `m` is borrowed. */
struct repository repository_mongo_port(struct repository_mongo *m);

#endif
