/* Which build this is, and of which libraries. */
#ifndef WEIR_APP_VERSION_H
#define WEIR_APP_VERSION_H

#include <stdio.h>

#include "common/obs/metrics.h"

const char *version_number(void);   /* "0.1.0" */
const char *version_revision(void); /* of the repository, "unknown" outside one */

void version_print(const char *program, FILE *out);

/* weir_build_info{version,revision} 1 */
void version_export(struct metrics *m);

#endif
