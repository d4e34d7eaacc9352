/* Reads environment and settings file into an option set. */
#ifndef WEIR_APP_OPTION_SOURCES_H
#define WEIR_APP_OPTION_SOURCES_H

#include "common/app/option_set.h"

/* Also finds WEIR_CONFIG, when --config is not given. */
void option_sources_environment(struct options *o, char **environ_);
void option_sources_file(struct options *o, const char *path);

#endif
