#include <stdlib.h>

#include "change.h"
#include "config.h"
#include "nouns.h"
#include "words.h"

/* --- keys ------------------------------------------------------------------------------------- */

/* {"vkey":..., "proof":...} of a key file, or of what `key show --origin --json` printed. */
static int enrolled_key(struct app *app, const char *path, const char *party, struct sy_jw *w)
{
	struct sy_buf text = {0};
	struct sy_json_doc doc;
	struct sy_keyfile key;
	const char *pass, *why = NULL, *until = arg(app, "until");
	uint8_t sig[SY_SIG_SIZE];
	struct sy_str vkey, proof;
	char proof_text[SY_BASE64_LEN(SY_SIG_SIZE) + 1];
	int rc = file_read(path, 65536, &text, &app->fail), err = SY_OK;

	if (rc != RC_DONE)
		goto out;
	if (sy_json_parse(&app->arena, sy_buf_span(&text), 0, &doc, NULL) != SY_OK) {
		rc = fail(&app->fail, RC_FAIL, "%s: is no key file", path);
		goto out;
	}
	const struct sy_json *root = sy_json_root(&doc);
	if (sy_json_string(&doc, sy_json_get(&doc, root, "proof"), &app->arena, &proof) == SY_OK &&
	    sy_json_string(&doc, sy_json_get(&doc, root, "vkey"), &app->arena, &vkey) == SY_OK) {
		sy_jw_object(w);
		sy_jw_kv_str(w, "vkey", vkey);
		sy_jw_kv_str(w, "proof", proof);
	} else {
		rc = passphrase_read(&app->arena, arg(app, "party-passphrase-file"), &pass,
				     &app->fail);
		if (rc != RC_DONE || (rc = trust_contact(app)) != RC_DONE)
			goto out;
		if ((err = sy_keyfile_read(&key, path, pass, &why)) == SY_OK)
			err = sy_key_proof_make(&key.signer, app->trust->origin, sy_str(party),
						sy_str(key.vkey_text), sig);
		if (err != SY_OK) {
			rc = fail(&app->fail, RC_FAIL, "%s: %s", path,
				  words(why ? why : sy_strerror(err)));
			goto out;
		}
		sy_base64(sig, sizeof sig, proof_text);
		sy_jw_object(w);
		sy_jw_kv_text(w, "vkey", key.vkey_text);
		sy_jw_kv_text(w, "proof", proof_text);
		sy_wipe(&key, sizeof key);
	}
	if (until != NULL)
		sy_jw_kv_text(w, "until", until);
	sy_jw_end(w, '}');
out:
	if (text.p != NULL)
		sy_wipe(text.p, text.cap); /* it may be a key file in the clear */
	sy_buf_free(&text);
	return rc;
}

/* --- register --------------------------------------------------------------------------------- */

static int party_record(struct app *app, const char *id, struct sy_buf *out)
{
	struct sy_jw w;
	const char *path;
	int rc = RC_DONE;

	sy_jw_init(&w, out);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "Party");
	sy_jw_kv_text(&w, "id", id);
	if ((rc = edit_names(app, &w)) != RC_DONE)
		return rc;
	edit_texts(app, &w, "role", "roles");
	sy_jw_key(&w, "keys");
	sy_jw_array(&w);
	for (size_t i = 0; rc == RC_DONE && (path = arg_nth(app, "party-key", i)) != NULL; i++)
		rc = enrolled_key(app, path, id, &w);
	sy_jw_end(&w, ']');
	edit_text(app, &w, "uscc", "uscc");
	edit_text(app, &w, "subject-code", "subjectCode");
	edit_text(app, &w, "id-hash", "idHash");
	if (arg(app, "override") != NULL) {
		sy_jw_key(&w, "override");
		sy_jw_object(&w);
		edit_text(app, &w, "override", "reason");
		sy_jw_end(&w, '}');
	}
	edit_texts(app, &w, "prefix", "prefixes");
	edit_texts(app, &w, "grant", "grants");
	edit_text(app, &w, "region", "region");
	sy_jw_end(&w, '}');
	return out->failed ? fail_memory(&app->fail) : rc;
}

static int cmd_register(struct app *app)
{
	struct sy_buf record = {0};
	const char *id = edit_subject(app, "id");
	int rc;

	if (id == NULL)
		return RC_USAGE;
	if (arg(app, "role") == NULL)
		return fail(&app->fail, RC_USAGE, "a party has at least one --role");
	if (arg(app, "dry-run") != NULL && arg(app, "party-key") != NULL)
		say("the proof of a key names the ledger, so its origin is asked for");
	if ((rc = party_record(app, id, &record)) == RC_DONE)
		rc = edit_send(app, &view_parties, "id", id, sy_buf_span(&record));
	sy_buf_free(&record);
	return rc;
}

/* --- changes ---------------------------------------------------------------------------------- */

static bool listed(const struct change *c, const struct sy_json *list, const char *text)
{
	const struct sy_json *v;

	sy_json_each (&c->doc, list, v) {
		if (sy_json_is(&c->doc, v, text))
			return true;
	}
	return false;
}

/* The values of FLAG joined to the list that stands, those of TAKEN left out. */
static int change_list(struct change *c, const char *flag, const char *taken, const char *member)
{
	const struct sy_json *list, *v;
	struct sy_buf b = {0};
	struct sy_jw w;
	const char *value;
	bool changed = false;
	int rc = RC_DONE;

	list = sy_json_get(&c->doc, sy_json_root(&c->doc), member);
	sy_jw_init(&w, &b);
	sy_jw_array(&w);
	sy_json_each (&c->doc, list, v) {
		bool out = false;
		for (size_t i = 0; (value = arg_nth(c->app, taken, i)) != NULL; i++)
			out = out || sy_json_is(&c->doc, v, value);
		changed = changed || out;
		if (!out)
			sy_jw_raw(&w, sy_json_raw(&c->doc, v));
	}
	for (size_t i = 0; (value = arg_nth(c->app, flag, i)) != NULL; i++) {
		if (!listed(c, list, value)) {
			sy_jw_text(&w, value);
			changed = true;
		}
	}
	sy_jw_end(&w, ']');
	if (changed)
		rc = change_set(c, member, &b);
	sy_buf_free(&b);
	return rc;
}

static int cmd_grant(struct app *app)
{
	struct change c;
	int rc = change_begin(&c, app, &view_parties, "id", arg_pos(app, 0));

	if (rc == RC_DONE)
		rc = change_list(&c, "role", "no-role", "roles");
	if (rc == RC_DONE)
		rc = change_list(&c, "prefix", "no-prefix", "prefixes");
	if (rc == RC_DONE)
		rc = change_list(&c, "grant", "no-grant", "grants");
	return rc == RC_DONE ? change_send(&c) : rc;
}

/* The keys that stand, without those that FLAG names (or OWN's), and with one more. */
static int change_keys(struct change *c, const char *gone, const char *enroll)
{
	const struct sy_json *key;
	struct sy_buf b = {0};
	struct sy_jw w;
	bool changed = false;
	int rc = RC_DONE;

	sy_jw_init(&w, &b);
	sy_jw_array(&w);
	sy_json_each (&c->doc, sy_json_get(&c->doc, sy_json_root(&c->doc), "keys"), key) {
		if (gone != NULL && sy_json_is(&c->doc, sy_json_get(&c->doc, key, "vkey"), gone))
			changed = true;
		else
			sy_jw_raw(&w, sy_json_raw(&c->doc, key));
	}
	if (enroll != NULL) {
		rc = enrolled_key(c->app, enroll, c->value, &w);
		changed = true;
	}
	sy_jw_end(&w, ']');
	if (rc == RC_DONE && changed)
		rc = change_set(c, "keys", &b);
	sy_buf_free(&b);
	return rc;
}

static const struct sy_json *key_listed(const struct change *c, const char *vkey)
{
	const struct sy_json *key;

	sy_json_each (&c->doc, sy_json_get(&c->doc, sy_json_root(&c->doc), "keys"), key) {
		if (sy_json_is(&c->doc, sy_json_get(&c->doc, key, "vkey"), vkey))
			return key;
	}
	return NULL;
}

static int cmd_rotate(struct app *app)
{
	const char *fresh = arg_pos(app, 0), *why = NULL, *id;
	char old_text[SY_VKEY_TEXT], new_text[SY_VKEY_TEXT];
	struct sy_vkey old, new;
	struct change c;
	int rc;

	if (app->config->key == NULL)
		return fail(&app->fail, RC_USAGE, "give the key in use with --key FILE");
	if (sy_keyfile_vkey(app->config->key, &old, &why) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: %s", app->config->key,
			    words(why ? why : "no key"));
	if (sy_keyfile_vkey(fresh, &new, &why) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: %s", fresh, words(why ? why : "no key file"));
	sy_vkey_format(&old, old_text);
	sy_vkey_format(&new, new_text);
	if ((id = key_party(&app->arena, &old)) == NULL)
		return fail_memory(&app->fail);
	if ((rc = change_begin(&c, app, &view_parties, "id", id)) != RC_DONE)
		return rc;
	bool in = key_listed(&c, new_text) != NULL;
	rc = change_keys(&c, arg(app, "keep") ? NULL : old_text, in ? NULL : fresh);
	return rc == RC_DONE ? change_send(&c) : rc;
}

static int cmd_revoke(struct app *app)
{
	const char *id = arg_pos(app, 0), *vkey = arg_pos(app, 1);
	struct change c;
	int rc = change_begin(&c, app, &view_parties, "id", id);

	if (rc == RC_DONE && key_listed(&c, vkey) == NULL)
		say("%s lists no such key; its keys are left as they are", id);
	if (rc == RC_DONE)
		rc = change_keys(&c, vkey, NULL);
	return rc == RC_DONE ? change_send(&c) : rc;
}

static int cmd_show(struct app *app)
{
	return view_show(app, &view_parties, "id", arg_pos(app, 0));
}

static int cmd_list(struct app *app)
{
	return view_list(app, &view_parties, NULL, NULL);
}

static const struct flag register_flags[] = {
    {"id", "ID", "the same as ID", FLAG_ONE},
    FLAG_NAMES,
    {"role", "ROLE", "operator, regulator, producer, carrier, seller, site or laboratory",
     FLAG_MANY},
    {"party-key", "FILE", "a key file of the party, or what key show --origin --json printed",
     FLAG_MANY},
    {"party-passphrase-file", "FILE", "passphrase of the enrolled key files", FLAG_ONE},
    {"until", "DATE", "last good day of the enrolled keys", FLAG_ONE},
    {"uscc", "CODE", "unified social credit code", FLAG_ONE},
    {"override", "REASON", "why an authority takes a credit code of wrong form", FLAG_ONE},
    {"subject-code", "CODE", "a farmer's subject code, 主体码", FLAG_ONE},
    {"id-hash", "HEX", "a farmer's hashed identity, where there is no such code", FLAG_ONE},
    {"prefix", "DIGITS", "GS1 company prefix that is the party's", FLAG_MANY},
    {"grant", "CODE", "a single product code that is the party's", FLAG_MANY},
    {"region", "DIGITS", "6 digits of GB/T 2260", FLAG_ONE},
    FLAG_REPLACE,
    FLAG_DRY_RUN,
    {0},
};

static const struct flag grant_flags[] = {
    {"role", "ROLE", "a further role", FLAG_MANY},
    {"prefix", "DIGITS", "a further company prefix", FLAG_MANY},
    {"grant", "CODE", "a further product code", FLAG_MANY},
    {"no-role", "ROLE", "take a role away", FLAG_MANY},
    {"no-prefix", "DIGITS", "take a prefix away", FLAG_MANY},
    {"no-grant", "CODE", "take a product code away", FLAG_MANY},
    FLAG_DRY_RUN,
    {0},
};

static const struct flag rotate_flags[] = {
    {"keep", NULL, "the old key stays good", FLAG_BOOL},
    {"until", "DATE", "last good day of the new key", FLAG_ONE},
    {"party-passphrase-file", "FILE", "passphrase of the new key file", FLAG_ONE},
    FLAG_DRY_RUN,
    {0},
};

static const struct flag revoke_flags[] = {FLAG_DRY_RUN, {0}};

const struct command party_commands[] = {
    {"register", "ID", 0, 1, "enrol a party with its roles, prefixes and keys", register_flags,
     cmd_register,
     "suyuan party register https://id.gs1.org/417/6901234000009 --name-zh 石家庄乳业 "
     "--role producer --prefix 6901234 --region 130100 --party-key dairy.key "
     "--key operator.key"},
    {"grant", "ID", 1, 1, "give a party further roles, prefixes or codes, or take them away",
     grant_flags, cmd_grant,
     "suyuan party grant https://id.gs1.org/417/6901234000009 --role seller "
     "--key operator.key"},
    {"show", "ID", 1, 1, "one party as the ledger has it now", NULL, cmd_show,
     "suyuan party show https://id.gs1.org/417/6901234000009"},
    {"list", "", 0, 0, "all parties", NULL, cmd_list, "suyuan party list"},
    {"rotate", "NEWKEY", 1, 1, "put a new key in the place of the one in --key", rotate_flags,
     cmd_rotate, "suyuan party rotate dairy-2027.key --key dairy.key"},
    {"revoke", "ID VKEY", 2, 2, "a key is no longer good; what it signed stays good", revoke_flags,
     cmd_revoke,
     "suyuan party revoke https://id.gs1.org/417/6901234000009 "
     "\"$(suyuan key show dairy.key --json | sed 's/.*\"vkey\":\"\\([^\"]*\\)\".*/\\1/')\" "
     "--key operator.key"},
    {0},
};
