/* POST /ingest: one reading as JSON. */
#include "ingest/adapter.h"
#include "ingest/media_type.h"
#include "ingest/submission.h"

static void submit(struct submission *s, struct span body)
{
    struct reading *r = submission_decode(s, body, READING_LENIENT);
    if (!r)
        return;
    submission_publish(s, r, 0);
    struct buf *answer = submission_answer(s);
    buf_str(answer, "{\"status\":\"queued\",\"device_id\":");
    buf_json_string(answer, r->device_id);
    buf_char(answer, '}');
}

const struct adapter adapter_ingest = {
    .method = HTTP_POST,
    .path = "/ingest",
    .errors = HTTP_DETAIL,
    .takes = media_type_is_json,
    .takes_text = "application/json",
    .status = 200,
    .submit = submit,
};
