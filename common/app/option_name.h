/* The three spellings of a setting: NAME (environment, file), --name (flag), NAME_FILE (secrets).
 */
#ifndef WEIR_APP_OPTION_NAME_H
#define WEIR_APP_OPTION_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/app/options.h"
#include "common/app/suggest.h"
#include "common/base/span.h"

enum { OPTION_NAME_MAX = 64 };

/* "KAFKA_BOOTSTRAP_SERVERS" -> "kafka-bootstrap-servers", without the dashes in front. */
void option_flag_of(const char *name, char out[OPTION_NAME_MAX]);

enum option_spelling { OPTION_BY_NAME, OPTION_BY_ALIAS, OPTION_BY_FILE, OPTION_SPELLINGS };

/* Finds the row a NAME belongs to: by its name, its alias, or (secrets) either with _FILE. */
const struct option_row *option_find(const struct option_row *rows, struct span name,
                                     enum option_spelling *spelling);
/* The same for a flag: text behind "--", without "=value". */
const struct option_row *option_find_flag(const struct option_row *rows, struct span flag,
                                          enum option_spelling *spelling);

/* Offers every name and alias to the search for the nearest. */
void option_suggest(const struct option_row *rows, struct suggest *s);

/* "security.protocol" for "KAFKA_OPT_SECURITY_PROTOCOL"; false when it does not begin so. The last
 * part of KAFKA_OPT_X_FILE is cut and reported in *from_file. */
bool option_kafka_property(struct span name, char out[OPTION_NAME_MAX * 2], bool *from_file);

#endif
