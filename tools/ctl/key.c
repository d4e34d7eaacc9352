/* weirctl key: the keys that devices and operators come with. */
#include "tools/ctl/key.h"

#include "tools/ctl/commands.h"

static const struct command *const subs[] = {
    &command_key_create,
    &command_key_list,
    &command_key_revoke,
    NULL,
};

const struct command command_key = {
    .name = "key",
    .summary = "creates, lists and revokes keys.",
    .sub = subs,
    .help =
        "A key is a text such as wk_3f7kq2ab_..._90ab12cd that a request brings as\n"
        "'X-API-Key: KEY' or 'Authorization: Bearer KEY'. The keys file holds only its SHA-256:\n"
        "what is lost cannot be read back, so make a new key and revoke the old one. The\n"
        "daemons notice a changed file within two seconds.\n"
        "\n"
        "To change the key of a device without an interruption: create a second one, give it to\n"
        "the device, see that the first is not used any more, and revoke that.\n",
};
