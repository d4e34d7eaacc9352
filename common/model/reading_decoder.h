/* The parts of the reading decoder, shared by the files that make it up, and by parsers of other
 * formats, which bring their fields here as members so that one set of rules holds for all. */
#ifndef WEIR_MODEL_READING_DECODER_H
#define WEIR_MODEL_READING_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/json.h"
#include "common/base/span.h"
#include "common/model/reading.h"

/* The members a reading knows by name; every other name is FIELD_EXTRA. */
enum reading_field {
    FIELD_DEVICE_ID,
    FIELD_TS,
    FIELD_TIMESTAMP, /* alias of ts */
    FIELD_TEMPERATURE_C,
    FIELD_HUMIDITY,
    FIELD_BATTERY_LEVEL,
    FIELD_RSSI,
    FIELD_LAT,
    FIELD_LON,
    FIELD_ONLINE,
    FIELD_SEQ,
    FIELD_RECEIVED_AT, /* this one and the next: canonical records only */
    FIELD_KEY,
    FIELD_EXTRA,
    FIELD_COUNT,
};

/* A name that needs escapes may be six times as long in the input ("\u0061" for "a"). */
enum { JSON_ESCAPE_MAX = 6, READING_NAMES_SCRATCH = 1024 };

/* Integers up to here are exact in a double, and so is the next one. */
#define READING_INTEGER_MAX 9007199254740991.0

/* One member of the object, as it stands in the input. */
struct reading_member {
    enum reading_field field;
    struct span name; /* decoded; in the input or in reading_decoder.name */
    bool name_escaped;
    enum json_token type; /* the first token of the value */
    struct span text;     /* raw text of a string or number */
    double value;         /* of a number; infinite when it is too large */
    bool escaped;         /* the string holds escapes */
    struct span input;    /* the value as written */
};

/* Another name of a field. It counts when the field's own name does not come. */
struct reading_alias {
    const char *name;
    enum reading_field field;
};

enum { READING_ALIASES_MAX = 4 };

/* What a mode asks of a reading. */
struct reading_profile {
    bool ignores_unknown;                /* members of other types are counted, else refused */
    bool needs_content;                  /* at least one sensor, online, or a position */
    bool server_fields;                  /* received_at and key are allowed */
    uint32_t required;                   /* reading_field_bit of each; a time by either name */
    const struct reading_alias *aliases; /* up to READING_ALIASES_MAX and an empty one; or NULL */
};
extern const struct reading_profile reading_profiles[READING_MODES];

struct reading_decoder {
    struct reading *reading; /* borrowed, as are the next three */
    const struct reading_rules *rules;
    const struct reading_profile *profile;
    struct reading_problems *problems;
    struct json_reader json;
    struct reading_member member; /* the one being read */
    uint32_t seen;                /* bit = reading_field: the name came up */
    uint32_t given;               /* likewise, and the value was not null */
    unsigned extras;              /* sensors that are FIELD_EXTRA */
    size_t name_bytes;            /* of scratch taken by names */
    uint32_t deferred_bits;       /* bit = index of the alias that came up */
    struct reading_member deferred[READING_ALIASES_MAX];
    bool ts_valid, duplicate;
    char name[JSON_ESCAPE_MAX * READING_SENSOR_NAME_MAX];
};

static inline uint32_t reading_field_bit(enum reading_field field)
{
    return UINT32_C(1) << field;
}

enum reading_field reading_field_find(struct span name);

/* An empty reading, no problems. The JSON reader is left to the caller. */
void reading_decoder_init(struct reading_decoder *d, struct reading *r,
                          const struct reading_rules *rules, struct reading_problems *problems);

/* Whether d->member, of a name that no reading knows, is a field by another name. Then it is kept
 * until the object has ended, when it is known whether the field's own name comes. */
bool reading_alias_defer(struct reading_decoder *d);
/* NULL when the field has no other name here. */
const char *reading_alias_of(const struct reading_decoder *d, enum reading_field field);

/* Takes d->member, or adds the problem that its name has come up before. */
void reading_member_take(struct reading_decoder *d);

/* Validates the value of d->member and puts it into the reading, or adds a problem. */
void reading_value_take(struct reading_decoder *d);

/* Parts of it. The first three add a problem and return false when the value is not like that. */
bool reading_refuse_type(struct reading_decoder *d, const char *allowed); /* always false */
bool reading_take_number(struct reading_decoder *d, double *out);         /* finite */
bool reading_take_integer(struct reading_decoder *d, double min, double max, double *out);
void reading_take_sensor(struct reading_decoder *d);
void reading_take_extra(struct reading_decoder *d);
struct span reading_keep(struct reading *r, struct span text); /* copies into scratch */

/* What can only be said after the last member: missing fields, pairs, the future. */
void reading_check(struct reading_decoder *d);

/* Adds a problem of d->member. After a duplicate field only duplicates count. */
void reading_problem_member(struct reading_decoder *d, enum reading_problem_code code,
                            const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Adds a problem of the whole reading, or of a field that is not there. */
void reading_problem_field(struct reading_decoder *d, enum reading_problem_code code,
                           const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The input is not JSON: replaces all problems by this one, which says what and where. */
void reading_problem_syntax(struct reading_decoder *d, bool in_member);

#endif
