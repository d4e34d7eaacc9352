/* Settings in files: NAME=value lines for --config, one secret for NAME_FILE. */
#ifndef WEIR_APP_OPTION_FILE_H
#define WEIR_APP_OPTION_FILE_H

#include "common/base/buf.h"
#include "common/base/err.h"

enum { OPTION_FILE_BYTES_MAX = 1 << 20 };

/* Reads a whole file. ERR_NOT_FOUND, ERR_IO or ERR_TOO_LARGE with the reason. */
WEIR_MUST_CHECK int option_file_read(const char *path, struct buf *out, struct err *e);

/* One line of a settings file: blank lines and '#' comments give an empty name. Spaces around name
 * and value are dropped, '#' after a space ends the value, quotes ('...' or "...") keep both. No
 * escapes. ERR_SYNTAX when there is no '=' or a quote is not closed. */
WEIR_MUST_CHECK int option_file_line(struct span line, struct span *name, struct span *value,
                                     struct err *e);

#endif
