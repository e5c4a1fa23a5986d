/* Places. */
#include "edit.h"
#include "nouns.h"

static const char *place_id(struct app *app)
{
	const char *id = edit_subject(app, "id");

	if (id == NULL)
		return NULL;
	return sy_gln_parse(sy_str(id)) == SY_OK
		   ? sy_arena_printf(&app->arena, "https://id.gs1.org/414/%s", id)
		   : id;
}

/* --party, else whoever signs. */
static const char *own_party(struct app *app)
{
	const char *party = arg(app, "party");
	struct sy_keyfile key;

	if (party != NULL)
		return party;
	if (key_read(app, &key) != RC_DONE)
		return NULL;
	if ((party = key_party(&app->arena, &key.vkey)) == NULL)
		fail_memory(&app->fail);
	sy_wipe(&key, sizeof key);
	return party;
}

static int cmd_place_register(struct app *app)
{
	struct sy_buf b = {0};
	struct sy_jw w;
	const char *id = place_id(app), *party;
	int rc;

	if (id == NULL)
		return RC_USAGE;
	if ((party = own_party(app)) == NULL)
		return app->fail.rc;
	sy_jw_init(&w, &b);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "Place");
	sy_jw_kv_text(&w, "id", id);
	sy_jw_kv_text(&w, "party", party);
	rc = edit_names(app, &w);
	edit_text(app, &w, "region", "region");
	edit_text(app, &w, "address", "address");
	edit_text(app, &w, "phone", "phone");
	edit_text(app, &w, "project", "project");
	edit_text(app, &w, "part", "part");
	sy_jw_end(&w, '}');
	if (rc == RC_DONE)
		rc = b.failed ? fail_memory(&app->fail)
			      : edit_send(app, &view_places, "id", id, sy_buf_span(&b));
	sy_buf_free(&b);
	return rc;
}

static int cmd_place_show(struct app *app)
{
	const char *id = place_id(app);

	return id == NULL ? RC_USAGE : view_show(app, &view_places, "id", id);
}

static const struct flag place_flags[] = {
    {"id", "ID", "the same as ID", FLAG_ONE},
    FLAG_NAMES,
    {"party", "ID", "whose place it is; else whoever signs", FLAG_ONE},
    {"region", "DIGITS", "6 digits of GB/T 2260", FLAG_ONE},
    {"address", "TEXT", "where it is", FLAG_ONE},
    {"phone", "TEXT", "whom to call there", FLAG_ONE},
    {"project", "TEXT", "of a building site", FLAG_ONE},
    {"part", "TEXT", "of the project", FLAG_ONE},
    FLAG_REPLACE,
    FLAG_DRY_RUN,
    {0},
};

const struct command place_commands[] = {
    {"register", "ID", 0, 1, "a place, by its GLN or a URI", place_flags, cmd_place_register,
     "suyuan place register 6901234000016 --name-zh 一号车间 --region 130102 "
     "--address 中山路1号 --phone 0311-12345678 --key dairy.key"},
    {"show", "ID", 1, 1, "one place as the ledger has it now", NULL, cmd_place_show,
     "suyuan place show 6901234000016"},
    {0},
};
