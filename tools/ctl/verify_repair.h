/* A view that differs: told, and put right where nobody else has changed it meanwhile. */
#ifndef WEIR_CTL_VERIFY_REPAIR_H
#define WEIR_CTL_VERIFY_REPAIR_H

#include <bson/bson.h>

#include "tools/ctl/verify_state.h"

/* Writes the document if the stored one has this revision still (0 = if there is none), and says
 * whether the race was lost. */
WEIR_MUST_CHECK int verify_replace(struct verify *v, const char *collection, const bson_t *doc,
                                   int64_t rev, bool *lost, struct err *e);

/* A finding. `what` is a constant; `sensor` NULL = the last state of the device. */
struct verify_place {
    const char *what;
    struct span device;
    const char *sensor;
    int64_t start_ms; /* with a sensor */
};
void verify_tell(struct verify *v, const struct verify_place *place, const struct difference *d,
                 bool repaired);

/* A total that does not follow from what the document itself says. */
void verify_unsound(const char *field, double stored, double expected, struct difference *d);

#endif
