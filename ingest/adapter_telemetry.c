/* POST /telemetry of the older systems: one reading under their names. */
#include "ingest/adapter.h"
#include "ingest/media_type.h"
#include "ingest/submission.h"

static void submit(struct submission *s, struct span body)
{
    struct reading *r = submission_decode(s, body, READING_TELEMETRY);
    if (!r)
        return;
    submission_publish(s, r, 0);
    buf_str(submission_answer(s), "{\"message\":\"Telemetry received successfully\","
                                  "\"status\":\"data received\"}");
}

const struct adapter adapter_telemetry = {
    .method = HTTP_POST,
    .path = "/telemetry",
    .errors = HTTP_DETAIL,
    .takes = media_type_is_json,
    .takes_text = "application/json",
    .status = 200,
    .submit = submit,
};
