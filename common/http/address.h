/* HOST:PORT as people write it in settings. */
#ifndef WEIR_HTTP_ADDRESS_H
#define WEIR_HTTP_ADDRESS_H

#include <stdbool.h>

#include "common/base/span.h"

/* Splits "HOST:PORT", "[IPV6]:PORT", ":PORT" or "PORT" at its last colon; brackets are taken off,
 * and without a host it is empty. Both are borrowed from `text`, the port is its end. False when
 * the port is no number from 0 to 65535. */
bool address_split(const char *text, struct span *host, struct span *port);

#endif
