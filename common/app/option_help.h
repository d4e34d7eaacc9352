/* What an operator reads: --help, the same as Markdown, and --print-config. */
#ifndef WEIR_APP_OPTION_HELP_H
#define WEIR_APP_OPTION_HELP_H

#include <stdio.h>

#include "common/app/option_set.h"

void option_help_text(const struct options_program *program, FILE *out);
/* The rows alone, under the headings of their groups, and what belongs to every Kafka client. */
void option_help_rows(const struct option_row *rows, FILE *out);
/* Tables for the reference page, one for each group. */
void option_help_markdown(const struct options_program *program, FILE *out);

/* Every setting with its value and source, as a file that --config would take; secrets, and
 * passwords inside URLs, as ****. */
void option_help_print(const struct options *o, FILE *out);

#endif
