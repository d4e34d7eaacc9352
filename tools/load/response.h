/* An HTTP/1.1 response parser: as much as a load generator needs, as a pure function over bytes. */
#ifndef WEIR_LOAD_RESPONSE_H
#define WEIR_LOAD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

enum { RESPONSE_HEAD_MAX = 16 * 1024, RESPONSE_MAX = 1024 * 1024 }; /* bytes */

struct response {
    int status;       /* 200..599: interim answers (1xx) are skipped */
    bool close;       /* the server will close the connection */
    bool until_close; /* after 0: the head is there, and the body ends with the connection */
};

/* Returns the bytes of the whole response, 0 when more are needed, -1 when it is not HTTP/1.x, has
 * a coding (chunked) that this parser does not speak, or is over a limit. */
long response_parse(struct response *r, const char *bytes, size_t len);

#endif
