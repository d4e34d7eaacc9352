/* What was given for each setting, by which source and spelling, until one value is settled. */
#ifndef WEIR_APP_OPTION_SET_H
#define WEIR_APP_OPTION_SET_H

#include "common/app/option_name.h"
#include "common/app/options.h"
#include "common/base/buf.h"

/* In rising precedence. */
enum option_source { OPTION_DEFAULT, OPTION_FILE, OPTION_ENVIRONMENT, OPTION_FLAG, OPTION_SOURCES };

const char *option_source_name(enum option_source source); /* "environment" */

struct option_entry {
    const char *given[OPTION_SOURCES][OPTION_SPELLINGS]; /* owned by the set */
    enum option_source source;                           /* of `text` */
    const char *text;                                    /* settled; NULL = not set */
};

/* A librdkafka property out of KAFKA_OPT_* or --kafka-opt. */
struct option_kafka {
    const char *name, *value; /* owned by the set */
    enum option_source source;
};

struct options {
    const struct options_program *program; /* borrowed */
    struct option_entry *entry;            /* one for each row */
    struct option_kafka *kafka;            /* sorted by name */
    size_t kafka_count;
    struct kafka_property *property; /* the same as the producer wants it */
    const char *config_path;         /* NULL = none */
    const char *probe;               /* NULL = none */
    struct buf errors;               /* a line each, indented */
    unsigned error_count;
    char **owned;
    size_t owned_count;
};

struct options *option_set_new(const struct options_program *program);

/* A copy that lives as long as the set. */
const char *option_set_own(struct options *o, struct span text);

/* Reports a problem: "  WHERE: message". */
void option_set_error(struct options *o, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

void option_set_give(struct options *o, enum option_source source, const struct option_row *row,
                     enum option_spelling spelling, struct span text);
/* The highest source wins. `from_file`: value is the path of the file that holds it. */
void option_set_kafka(struct options *o, enum option_source source, const char *property,
                      struct span value, bool from_file);

/* Chooses the value of each row and stores it in `settings`. */
void option_set_settle(struct options *o, void *settings);
/* Hands each Kafka property to kafka_property_check. */
void option_set_check_kafka(struct options *o);

#endif
