/* From the text of a setting to its typed value, and what to say when it is none. */
#ifndef WEIR_APP_OPTION_VALUE_H
#define WEIR_APP_OPTION_VALUE_H

#include "common/app/options.h"

/* Parses `text` by the row's type, bounds and check, and stores it in `settings`; a string keeps
 * the pointer. 0 or ERR_INVALID with what is wrong and what is allowed. */
WEIR_MUST_CHECK int option_value_store(const struct option_row *row, const char *text,
                                       void *settings, struct err *e);

/* "true", "false", "1", "0", "yes", "no", "on", "off". */
bool option_bool_parse(const char *text, bool *out);

/* The word for a value in --help: "DURATION", "debug|info"; "" for a boolean. */
const char *option_value_word(const struct option_row *row);

#endif
