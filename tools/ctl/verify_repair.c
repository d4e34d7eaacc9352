/* A view that differs: told, and put right where nobody else has changed it meanwhile. */
#include "tools/ctl/verify_repair.h"

#include <stdio.h>

#include "common/base/timestamp.h"
#include "common/mongo/cas.h"

int verify_replace(struct verify *v, const char *collection, const bson_t *doc, int64_t rev,
                   bool *lost, struct err *e)
{
    mongoc_collection_t *c = reach_collection(&v->reach, collection);
    struct mongo_cas item = {.doc = doc, .expected = rev ? rev : MONGO_CAS_ABSENT};
    int rc = mongo_cas_write(c, "$rev", &item, 1, e);
    mongoc_collection_destroy(c);
    *lost = item.lost;
    return rc;
}

void verify_tell(struct verify *v, const struct verify_place *place, const struct difference *d,
                 bool repaired)
{
    char where[READING_DEVICE_ID_MAX + READING_SENSOR_NAME_MAX + 64], time[TIMESTAMP_TEXT_MAX];
    span_copy(place->device, where, sizeof where);
    if (place->sensor) {
        timestamp_format(place->start_ms, time);
        snprintf(where, sizeof where, "%.*s %s %s", (int)place->device.len, place->device.p,
                 place->sensor, time);
    }
    findings_add(&v->findings,
                 &(struct finding){.what = place->what,
                                   .where = where,
                                   .field = d->field,
                                   .stored = d->stored,
                                   .expected = d->expected,
                                   .fate = repaired ? FINDING_REPAIRED : FINDING_LEFT});
}

void verify_unsound(const char *field, double stored, double expected, struct difference *d)
{
    d->field = field;
    snprintf(d->stored, sizeof d->stored, "%.17g", stored);
    snprintf(d->expected, sizeof d->expected, "%.17g", expected);
}
