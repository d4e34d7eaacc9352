/* The words that name error statuses in error bodies. */
#ifndef WEIR_HTTP_STATUS_H
#define WEIR_HTTP_STATUS_H

/* "bad_request" for 400; NULL for what is no error. */
const char *http_status_code_word(int status);

#endif
