/* Status codes: their reason phrases and the words that name them in error bodies. */
#ifndef WEIR_HTTP_STATUS_H
#define WEIR_HTTP_STATUS_H

const char *http_status_text(int status); /* "Unknown" for what has no phrase */

/* "bad_request" for 400; NULL for what is no error. */
const char *http_status_code_word(int status);

#endif
