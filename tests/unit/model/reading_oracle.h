/* A second, plain decoder of readings on top of jansson, to hold the real one against. */
#ifndef WEIR_TESTS_MODEL_READING_ORACLE_H
#define WEIR_TESTS_MODEL_READING_ORACLE_H

#include "common/model/reading.h"

enum { ORACLE_TEXT_MAX = 256 };

struct oracle_sensor {
    char name[READING_SENSOR_NAME_MAX + 1];
    double value;
};

/* Where the decoder and jansson differ on purpose. */
enum oracle_difference {
    ORACLE_NO_DIFFERENCE,
    ORACLE_DUPLICATE,
    ORACLE_OVERFLOW,
    ORACLE_NUL,
    ORACLE_SEQ,
    ORACLE_DIFFERENCES,
};

/* What each is, and why it is left so: a row for each value above. */
extern const struct oracle_difference_text {
    const char *name, *here, *jansson, *reason;
} oracle_differences[ORACLE_DIFFERENCES];

/* What jansson and the rules of contract.md section 2 make of a document. Texts are C strings:
 * jansson refuses NUL as the real decoder does. */
struct oracle_reading {
    int rc; /* 0, ERR_SYNTAX, ERR_INVALID */
    enum oracle_difference difference;
    char device_id[ORACLE_TEXT_MAX], key[ORACLE_TEXT_MAX];
    int64_t ts_ms, received_at_ms, seq;
    bool ts_from_server, has_position, has_online, has_seq, online;
    double lat, lon;
    struct oracle_sensor sensor[READING_SENSORS_MAX];
    unsigned sensors, extras, ignored;
};

void oracle_decode(struct oracle_reading *o, struct span json, const struct reading_rules *rules);

/* Whether the decoder's verdict, and after acceptance every value, is the oracle's, but for what
 * o->difference excuses. */
bool oracle_agrees(const struct oracle_reading *o, int rc, const struct reading *r);

#endif
