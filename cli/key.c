#include <stdlib.h>

#include "config.h"
#include "nouns.h"
#include "send.h"
#include "words.h"

/* Without an identifier of its own a party gets a random one, under a stem of ours. */
static const char *party_id(struct app *app)
{
	const char *id = arg(app, "party");
	uint8_t random[8];
	char hex[17];

	if (id != NULL)
		return id;
	if (sy_random(random, sizeof random) != SY_OK)
		return NULL;
	sy_hex(random, sizeof random, hex);
	return sy_arena_printf(&app->arena, "urn:suyuan:own:%s:party", hex);
}

static int canonical_party(struct app *app, const char *id)
{
	struct sy_code code;
	struct sy_faults faults;

	sy_faults_init(&faults, &app->arena);
	if (sy_code_parse(&app->arena, sy_str(id), &code, &faults, SY_NO_RECORD, "") != SY_OK)
		return fail(&app->fail, RC_USAGE, "%s is no party's identifier: %s", id,
			    faults.n ? faults.v[0].detail : "expected a URI");
	if (!sy_str_is(code.canonical, id))
		return fail(&app->fail, RC_USAGE, "%s is not canonical: write %s", id,
			    code.canonical.p);
	return RC_DONE;
}

static int cmd_new(struct app *app)
{
	const char *path = arg_pos(app, 0), *id = party_id(app), *pass;
	char name[SY_KEY_NAME_MAX + 1];
	struct sy_keyfile key;
	int rc, err;

	if (id == NULL)
		return fail_memory(&app->fail);
	if ((rc = canonical_party(app, id)) != RC_DONE)
		return rc;
	if (sy_party_key_name(sy_str(id), name) != SY_OK)
		return fail(&app->fail, RC_USAGE, "%s: too long for a key's name", id);
	rc = passphrase_read(&app->arena, app->config->passphrase_file, &pass, &app->fail);
	if (rc != RC_DONE)
		return rc;
	if ((err = sy_keyfile_new(&key, sy_str(name))) == SY_OK)
		err = sy_keyfile_write(&key, path, pass);
	if (err == SY_EDUP)
		return fail(&app->fail, RC_FAIL, "%s is there already and is not overwritten",
			    path);
	if (err != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: %s", path, words(sy_strerror(err)));
	out_object(&app->out, NULL);
	out_text(&app->out, "file", path);
	out_text(&app->out, "party", id);
	out_text(&app->out, "vkey", key.vkey_text);
	out_bool(&app->out, "sealed", pass != NULL);
	out_end(&app->out);
	sy_wipe(&key, sizeof key);
	return RC_DONE;
}

/* The proof that an operator asks for: the key's own signature over ledger, party and key. */
static int show_proof(struct app *app, const char *path, const char *origin, const char *party)
{
	uint8_t sig[SY_SIG_SIZE];
	char text[SY_BASE64_LEN(SY_SIG_SIZE) + 1];
	const char *pass, *why = NULL;
	struct sy_keyfile key;
	int rc, err;

	rc = passphrase_read(&app->arena, app->config->passphrase_file, &pass, &app->fail);
	if (rc != RC_DONE)
		return rc;
	if ((err = sy_keyfile_read(&key, path, pass, &why)) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: %s", path,
			    words(why ? why : sy_strerror(err)));
	err = sy_key_proof_make(&key.signer, sy_str(origin), sy_str(party), sy_str(key.vkey_text),
				sig);
	sy_wipe(&key, sizeof key);
	if (err != SY_OK)
		return fail(&app->fail, RC_FAIL, "cannot prove the key: %s",
			    words(sy_strerror(err)));
	sy_base64(sig, sizeof sig, text);
	out_text(&app->out, "origin", origin);
	out_text(&app->out, "proof", text);
	return RC_DONE;
}

static int cmd_show(struct app *app)
{
	const char *path = arg_pos(app, 0), *why = NULL, *origin = arg(app, "origin");
	char text[SY_VKEY_TEXT];
	struct sy_vkey vkey;
	int err = sy_keyfile_vkey(path, &vkey, &why), rc = RC_DONE;

	if (err != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: %s", path,
			    words(why ? why : sy_strerror(err)));
	sy_vkey_format(&vkey, text);
	const char *party = key_party(&app->arena, &vkey);
	if (party == NULL)
		return fail_memory(&app->fail);
	out_object(&app->out, NULL);
	out_text(&app->out, "party", party);
	out_text(&app->out, "vkey", text);
	if (origin != NULL)
		rc = show_proof(app, path, origin, party);
	out_end(&app->out);
	return rc;
}

static const struct flag new_flags[] = {
    {"party", "ID", "whose key it is; without it a new private identifier", FLAG_ONE},
    {0},
};

static const struct flag show_flags[] = {
    {"origin", "ORIGIN", "with the proof that the ledger of that origin asks for", FLAG_ONE},
    {0},
};

const struct command key_commands[] = {
    {"new", "FILE", 1, 1, "a new key pair in FILE, sealed with --passphrase-file", new_flags,
     cmd_new, "suyuan key new dairy.key --party https://id.gs1.org/417/6901234000009"},
    {"show", "FILE", 1, 1, "the public half of a key file", show_flags, cmd_show,
     "suyuan key show dairy.key --origin example.com/trace --json"},
    {0},
};
