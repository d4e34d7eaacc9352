/* A second, plain decoder of readings on top of jansson, to hold the real one against. */
#ifndef WEIR_TESTS_MODEL_READING_ORACLE_H
#define WEIR_TESTS_MODEL_READING_ORACLE_H

#include "common/model/reading.h"

enum { ORACLE_TEXT_MAX = 256 };

struct oracle_sensor {
    char name[READING_SENSOR_NAME_MAX + 1];
    double value;
};

/* What jansson and the rules of contract.md section 2 make of a document. Texts are C strings:
 * jansson refuses NUL as the real decoder does. */
struct oracle_reading {
    int rc; /* 0, ERR_SYNTAX, ERR_INVALID */
    /* Where the two differ on purpose:
     *   duplicate: jansson refuses a name given twice at every level; the reader only where it
     *     matters, not inside or between members it ignores (it remembers no names of them);
     *   overflow: jansson refuses 1e400 anywhere as a syntax error; the reader says which field is
     *     out of range, and ignores it in a member that it ignores.
     * And in oracle_decode: jansson 2.14 overlooks a NUL byte behind a number, the oracle does not.
     */
    bool duplicate, overflow;
    bool seq_unknown; /* jansson could not tell: an integer beyond its own elsewhere */
    char device_id[ORACLE_TEXT_MAX], key[ORACLE_TEXT_MAX];
    int64_t ts_ms, received_at_ms, seq;
    bool ts_from_server, has_position, has_online, has_seq, online;
    double lat, lon;
    struct oracle_sensor sensor[READING_SENSORS_MAX];
    unsigned sensors, extras, ignored;
};

void oracle_decode(struct oracle_reading *o, struct span json, const struct reading_rules *rules);

#endif
