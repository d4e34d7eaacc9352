/* Views recomputed from readings, up to where they must be complete. Pure.
 *
 *   offsets of one partition:   0 ....... next of the ledger ....... src of the window .....
 *                               must be in every view | are in this one | are not in it yet
 *
 * Every reading below the ledger's next offset is in the views, because views are written before
 * the ledger; and a share says itself how far it reaches. So what an aggregator is writing at this
 * moment is never taken for wrong, and nothing has to stand still. */
#ifndef WEIR_CTL_RECOUNT_H
#define WEIR_CTL_RECOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/model/device_state.h"
#include "common/model/reading.h"
#include "common/model/window.h"

/* How far each partition is accounted for, and what was found below that. */
struct recount {
    size_t partitions;
    int64_t *next;    /* owned; next_offset of the ledger; 0 = it has none */
    uint64_t *stored; /* owned; readings found below `next` */
    int64_t *oldest;  /* owned; when the first of those was received; INT64_MAX = there is none */
};

void recount_init(struct recount *r, size_t partitions);
void recount_deinit(struct recount *r);
/* Counts a stored reading, if the ledger has it. */
void recount_note(struct recount *r, const struct reading *reading, int32_t partition,
                  int64_t offset);

/* A total of a document that does not follow from its shares. */
struct minute_total {
    const char *field; /* constant */
    double stored, expected;
};

/* One window, as it is stored and as the readings say. */
struct minute_window {
    char sensor[READING_SENSOR_NAME_MAX + 1];
    bool stored;               /* there is a document */
    bool sound;                /* its totals are those of its shares */
    bool readable;             /* it is a window at all */
    struct minute_total wrong; /* when it is not sound */
    struct window have;        /* of the document */
    struct window want;        /* of the readings */
};

/* All windows of one device that begin at one moment. */
struct minute {
    int64_t start_ms;
    struct minute_window *item; /* owned */
    unsigned count, cap;
};

void minute_begin(struct minute *m, int64_t start_ms); /* forgets what was in it */
void minute_deinit(struct minute *m);

/* The window of the sensor, made when it is new. Valid until the next call. */
struct minute_window *minute_sensor(struct minute *m, struct span sensor);

/* Takes a reading of this minute into every window that must hold it or says that it does. The
 * stored ones must be there already. */
void minute_fold(struct minute *m, const struct recount *r, const struct reading *reading,
                 int32_t partition, int64_t offset);

/* The same for a last state; `want` must be initialised for the device. */
void recount_device(struct device_state *want, const struct device_state *have,
                    const struct recount *r, const struct reading *reading, int32_t partition,
                    int64_t offset);

/* The first thing that differs, as texts. */
struct difference {
    const char *field; /* constant */
    char stored[48], expected[48];
};

/* Compares shares; totals are the document's concern. True: something differs. */
bool window_differs(const struct minute_window *w, struct difference *d);
/* Compares what readings alone decide. */
bool device_differs(const struct device_state *have, const struct device_state *want,
                    struct difference *d);

/* Whether `have` may be right all the same, because readings that it was made of have expired:
 * it holds at least as many as are left. */
bool window_may_have_expired(const struct minute_window *w);

#endif
