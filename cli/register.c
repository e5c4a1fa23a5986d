/* Places and products. */
#include "edit.h"
#include "nouns.h"

/* --- place ------------------------------------------------------------------------------------ */

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
    {"project", "TEXT", "of a building site", FLAG_ONE},
    {"part", "TEXT", "of the project", FLAG_ONE},
    FLAG_REPLACE,
    FLAG_DRY_RUN,
    {0},
};

const struct command place_commands[] = {
    {"register", "ID", 0, 1, "a place, by its GLN or a URI", place_flags, cmd_place_register,
     "suyuan place register 6901234000016 --name-zh 一号车间 --region 130102 "
     "--key dairy.key"},
    {"show", "ID", 1, 1, "one place as the ledger has it now", NULL, cmd_place_show,
     "suyuan place show 6901234000016"},
    {0},
};

/* --- product ---------------------------------------------------------------------------------- */

/* KIND:NUMBER[:UNTIL] */
static int put_licence(struct app *app, struct sy_jw *w, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *last = colon ? strrchr(colon + 1, ':') : NULL;

	if (colon == NULL || colon == text || colon[1] == '\0')
		return fail(&app->fail, RC_USAGE, "--licence is KIND:NUMBER[:UNTIL], not %s", text);
	size_t n = last ? (size_t)(last - colon) - 1 : strlen(colon + 1);
	sy_jw_object(w);
	sy_jw_kv_str(w, "kind", (struct sy_str){text, (size_t)(colon - text)});
	sy_jw_kv_str(w, "number", (struct sy_str){colon + 1, n});
	if (last != NULL)
		sy_jw_kv_text(w, "until", last + 1);
	sy_jw_end(w, '}');
	return RC_DONE;
}

static int put_licences(struct app *app, struct sy_jw *w)
{
	const char *text;
	int rc = RC_DONE;

	if (arg(app, "licence") == NULL)
		return rc;
	sy_jw_key(w, "licences");
	sy_jw_array(w);
	for (size_t i = 0; rc == RC_DONE && (text = arg_nth(app, "licence", i)) != NULL; i++)
		rc = put_licence(app, w, text);
	sy_jw_end(w, ']');
	return rc;
}

/* MIN:MAX in degrees Celsius, either may be empty. */
static int put_storage(struct app *app, struct sy_jw *w)
{
	const char *text = arg(app, "storage"), *colon;
	struct sy_decimal d;

	if (text == NULL)
		return RC_DONE;
	if ((colon = strchr(text, ':')) == NULL)
		return fail(&app->fail, RC_USAGE, "--storage is MIN:MAX, not %s", text);
	struct sy_str min = {text, (size_t)(colon - text)}, max = sy_str(colon + 1);
	if ((min.n > 0 && sy_decimal_parse(min, &d) != SY_OK) ||
	    (max.n > 0 && sy_decimal_parse(max, &d) != SY_OK))
		return fail(&app->fail, RC_USAGE, "--storage is MIN:MAX in degrees, not %s", text);
	sy_jw_key(w, "storage");
	sy_jw_object(w);
	if (min.n > 0) {
		sy_jw_key(w, "min");
		sy_jw_raw(w, min);
	}
	if (max.n > 0) {
		sy_jw_key(w, "max");
		sy_jw_raw(w, max);
	}
	sy_jw_end(w, '}');
	return RC_DONE;
}

/* An empty list says that there are none; no list says nothing. */
static int put_allergens(struct app *app, struct sy_jw *w)
{
	if (arg(app, "no-allergens") == NULL) {
		edit_texts(app, w, "allergen", "allergens");
		return RC_DONE;
	}
	if (arg(app, "allergen") != NULL)
		return fail(&app->fail, RC_USAGE, "--no-allergens, or --allergen %s?",
			    arg(app, "allergen"));
	sy_jw_key(w, "allergens");
	sy_jw_array(w);
	sy_jw_end(w, ']');
	return RC_DONE;
}

static void put_pledge(struct app *app, struct sy_jw *w)
{
	if (arg(app, "pledge") == NULL && arg(app, "pledge-url") == NULL)
		return;
	sy_jw_key(w, "pledge");
	sy_jw_object(w);
	edit_text(app, w, "pledge", "text");
	edit_text(app, w, "pledge-url", "url");
	sy_jw_end(w, '}');
}

static int product_record(struct app *app, const char *code, struct sy_buf *b)
{
	struct sy_jw w;
	int rc;

	sy_jw_init(&w, b);
	sy_jw_object(&w);
	sy_jw_kv_text(&w, "type", "Product");
	sy_jw_kv_text(&w, "code", code);
	if ((rc = edit_names(app, &w)) != RC_DONE)
		return rc;
	edit_text(app, &w, "category", "category");
	edit_text(app, &w, "specification", "specification");
	edit_text(app, &w, "standard", "standard");
	if ((rc = put_licences(app, &w)) != RC_DONE)
		return rc;
	edit_texts(app, &w, "ingredient", "ingredients");
	if ((rc = put_allergens(app, &w)) != RC_DONE || (rc = put_storage(app, &w)) != RC_DONE)
		return rc;
	edit_text(app, &w, "holder", "holder");
	edit_text(app, &w, "warranty", "warranty");
	put_pledge(app, &w);
	sy_jw_end(&w, '}');
	return b->failed ? fail_memory(&app->fail) : RC_DONE;
}

static int cmd_product_register(struct app *app)
{
	struct sy_buf b = {0};
	struct sy_code code;
	const char *text = edit_subject(app, "code");
	int rc;

	if (text == NULL)
		return RC_USAGE;
	if ((rc = edit_code(app, text, &code)) != RC_DONE)
		return rc;
	if (arg(app, "category") == NULL)
		return fail(&app->fail, RC_USAGE,
			    "a --category is missing: agri, food, drug, industrial or other");
	if ((rc = product_record(app, code.canonical.p, &b)) == RC_DONE)
		rc = edit_send(app, &view_products, "code", code.canonical.p, sy_buf_span(&b));
	sy_buf_free(&b);
	return rc;
}

static int cmd_product_show(struct app *app)
{
	struct sy_code code;
	int rc = edit_code(app, arg_pos(app, 0), &code);

	return rc != RC_DONE ? rc : view_show(app, &view_products, "code", code.canonical.p);
}

static const struct flag product_flags[] = {
    {"code", "CODE", "the same as CODE", FLAG_ONE},
    FLAG_NAMES,
    {"category", "CATEGORY", "agri, food, drug, industrial or other", FLAG_ONE},
    {"specification", "TEXT", "as printed on the pack", FLAG_ONE},
    {"standard", "TEXT", "GB, Q ... that it is made to", FLAG_ONE},
    {"licence", "KIND:NUMBER[:UNTIL]", "SC, GYZZ, CCC, XK, GREEN ...", FLAG_MANY},
    {"ingredient", "TEXT", "an ingredient", FLAG_MANY},
    {"allergen", "TEXT", "an allergen", FLAG_MANY},
    {"no-allergens", NULL, "says that there are none", FLAG_BOOL},
    {"storage", "MIN:MAX", "degrees Celsius", FLAG_ONE},
    {"holder", "ID", "party that holds the authorisation", FLAG_ONE},
    {"warranty", "P1Y", "ISO 8601 duration", FLAG_ONE},
    {"pledge", "TEXT", "the producer's public quality pledge", FLAG_ONE},
    {"pledge-url", "URL", "where it stands", FLAG_ONE},
    FLAG_REPLACE,
    FLAG_DRY_RUN,
    {0},
};

const struct command product_commands[] = {
    {"register", "CODE", 0, 1, "what a product code stands for", product_flags,
     cmd_product_register,
     "suyuan product register 06901234567892 --name-zh 鲜牛奶 --category food "
     "--specification '250 mL' --standard 'GB 19645' --licence SC:SC10613010000014 "
     "--key dairy.key"},
    {"show", "CODE", 1, 1, "one product as the ledger has it now", NULL, cmd_product_show,
     "suyuan product show 06901234567892"},
    {0},
};
