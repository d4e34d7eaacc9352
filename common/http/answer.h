/* Answers as bytes: status line, headers, body, and the bodies of errors. Pure. */
#ifndef WEIR_HTTP_ANSWER_H
#define WEIR_HTTP_ANSWER_H

#include "common/base/buf.h"
#include "common/http/handler.h"

enum { HTTP_REQUEST_ID_LEN = 16 };

/* What the connection adds to an answer. */
struct answer_frame {
    const char *request_id; /* HTTP_REQUEST_ID_LEN characters; NULL = no such header */
    bool head_only;         /* the answer to HEAD: the length of the body, not the body */
    bool close;             /* "Connection: close" */
    bool keep_alive;        /* said aloud, for HTTP/1.0 */
    bool endless;           /* no Content-Length: the body ends with the connection */
};

/* Appends the whole answer and returns how many bytes of it are body. */
size_t answer_write(struct buf *out, const struct http_answer *a, const struct answer_frame *f);

/* The request that an error is about. */
struct problem_frame {
    enum http_error_style style; /* any but HTTP_DETAIL_FAMILY */
    struct span instance;        /* the path; may be empty */
    const char *request_id;
};

/* The body of an error, and its media type. */
void problem_write(struct buf *out, const struct http_problem *p, const struct problem_frame *f);
const char *problem_content_type(enum http_error_style style);

#endif
