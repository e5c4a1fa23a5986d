/* Products: what a code stands for, whose it is and who else makes it. */
#include "change.h"
#include "nouns.h"

/* --- register --------------------------------------------------------------------------------- */

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

/* What no option says stays with a product that is described anew: whose it is, who else makes it.
 */
static int put_kept(struct app *app, const char *code, struct sy_jw *w)
{
	static const char *const kept[] = {"owner", "delegates"};
	struct standing now;
	struct sy_json_doc doc;
	int rc;

	if (arg(app, "replace") == NULL || arg(app, "dry-run") != NULL)
		return RC_DONE;
	if ((rc = view_standing(app, &view_products, "code", code, &now)) == RC_UNKNOWN) {
		memset(&app->fail, 0, sizeof app->fail);
		return RC_DONE;
	}
	if (rc != RC_DONE)
		return rc;
	if (sy_json_parse(&app->arena, now.text, 0, &doc, NULL) != SY_OK)
		return fail(&app->fail, RC_FAIL, "%s: its record cannot be read", code);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const struct sy_json *v = sy_json_get(&doc, sy_json_root(&doc), kept[i]);
		if (v == NULL || arg(app, kept[i]) != NULL)
			continue;
		sy_jw_key(w, kept[i]);
		sy_jw_raw(w, sy_json_raw(&doc, v));
	}
	return RC_DONE;
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
	edit_text(app, &w, "owner", "owner");
	edit_text(app, &w, "reason", "reason");
	if ((rc = put_kept(app, code, &w)) != RC_DONE)
		return rc;
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

/* --- whose it is ------------------------------------------------------------------------------ */

/* The product in force, its owner named as it is, and why somebody else changes it. */
static int rights_begin(struct app *app, struct change *c)
{
	struct sy_code code;
	int rc = edit_code(app, arg_pos(app, 0), &code);

	if (rc == RC_DONE)
		rc = change_begin(c, app, &view_products, "code", code.canonical.p);
	return rc;
}

static int rights_send(struct change *c, const char *owner)
{
	const char *reason = arg(c->app, "reason");
	int rc = RC_DONE;

	if (c->n == 0 && (owner == NULL || sy_str_is(c->now.owner, owner)))
		return change_send(c);
	if (owner == NULL && (owner = sy_arena_strdup(&c->app->arena, c->now.owner)) == NULL)
		return fail_memory(&c->app->fail);
	if ((rc = change_text(c, "owner", owner)) == RC_DONE)
		rc = change_text(c, "reason", reason);
	return rc == RC_DONE ? change_send(c) : rc;
}

static int cmd_transfer(struct app *app)
{
	const char *to = arg_pos(app, 1);
	const struct sy_buf none = {0};
	struct change c;
	int rc = rights_begin(app, &c);

	if (rc == RC_DONE && !sy_str_is(c.now.owner, to) && change_member(&c, "delegates") != NULL)
		rc = change_set(&c, "delegates", &none);
	return rc == RC_DONE ? rights_send(&c, to) : rc;
}

static void put_delegate(struct sy_jw *w, const char *party, const char *until)
{
	sy_jw_object(w);
	sy_jw_kv_text(w, "party", party);
	if (until != NULL)
		sy_jw_kv_text(w, "until", until);
	sy_jw_end(w, '}');
}

static bool says(const struct change *c, const struct sy_json *v, const char *member,
		 const char *text)
{
	const struct sy_json *m = sy_json_get(&c->doc, v, member);

	return text == NULL ? m == NULL : m != NULL && sy_json_is(&c->doc, m, text);
}

static int cmd_delegate(struct app *app)
{
	const char *party = arg_pos(app, 1), *until = arg(app, "until");
	bool take = arg(app, "remove") != NULL, changed = !take;
	const struct sy_json *v;
	struct sy_buf b = {0};
	struct sy_jw w;
	struct change c;
	int rc = rights_begin(app, &c);

	if (rc == RC_DONE && take && until != NULL)
		rc = fail(&app->fail, RC_USAGE, "--remove, or --until %s?", until);
	if (rc != RC_DONE)
		return rc;
	sy_jw_init(&w, &b);
	sy_jw_array(&w);
	sy_json_each (&c.doc, change_member(&c, "delegates"), v) {
		if (!says(&c, v, "party", party))
			sy_jw_raw(&w, sy_json_raw(&c.doc, v));
		else
			changed = take || !says(&c, v, "until", until);
	}
	if (!take)
		put_delegate(&w, party, until);
	sy_jw_end(&w, ']');
	if (changed)
		rc = change_set(&c, "delegates", &b);
	sy_buf_free(&b);
	return rc == RC_DONE ? rights_send(&c, NULL) : rc;
}

static int cmd_revoke(struct app *app)
{
	const char *reason = arg(app, "reason");
	bool undo = arg(app, "undo") != NULL;
	struct sy_buf b = {0};
	struct sy_jw w;
	struct change c;
	int rc;

	if (reason == NULL && !undo)
		return fail(&app->fail, RC_USAGE, "a --reason is missing: why it is made no more");
	if ((rc = rights_begin(app, &c)) != RC_DONE)
		return rc;
	if (!undo) {
		sy_jw_init(&w, &b);
		sy_jw_object(&w);
		sy_jw_kv_text(&w, "reason", reason);
		sy_jw_end(&w, '}');
	}
	if (undo ? change_member(&c, "revoked") != NULL
		 : !says(&c, change_member(&c, "revoked"), "reason", reason))
		rc = change_set(&c, "revoked", &b);
	sy_buf_free(&b);
	return rc == RC_DONE ? rights_send(&c, NULL) : rc;
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
    {"owner", "ID", "whose it is; else whoever signs", FLAG_ONE},
    {"reason", "TEXT", "why another party's product is changed", FLAG_ONE},
    FLAG_REPLACE,
    FLAG_DRY_RUN,
    {0},
};

#define FLAG_REASON                                                                     \
	{                                                                               \
		"reason", "TEXT", "why, where another than its owner does it", FLAG_ONE \
	}

static const struct flag transfer_flags[] = {FLAG_REASON, FLAG_DRY_RUN, {0}};

static const struct flag delegate_flags[] = {
    {"until", "DATE", "last day of it", FLAG_ONE},
    {"remove", NULL, "take it back", FLAG_BOOL},
    FLAG_REASON,
    FLAG_DRY_RUN,
    {0},
};

static const struct flag revoke_flags[] = {
    {"reason", "TEXT", "why", FLAG_ONE},
    {"undo", NULL, "bring it back", FLAG_BOOL},
    FLAG_DRY_RUN,
    {0},
};

const struct command product_commands[] = {
    {"register", "CODE", 0, 1, "what a product code stands for", product_flags,
     cmd_product_register,
     "suyuan product register 06901234567892 --name-zh 鲜牛奶 --category food "
     "--specification '250 mL' --standard 'GB 19645' --licence SC:SC10613010000011 "
     "--key dairy.key"},
    {"show", "CODE", 1, 1, "one product as the ledger has it now", NULL, cmd_product_show,
     "suyuan product show 06901234567892"},
    {"transfer", "CODE PARTY", 2, 2, "it is another party's from now on; earlier batches stay good",
     transfer_flags, cmd_transfer,
     "suyuan product transfer 06901234567892 https://id.gs1.org/417/6905678000007 "
     "--key dairy.key"},
    {"delegate", "CODE PARTY", 2, 2, "another party may register batches of it, as its maker",
     delegate_flags, cmd_delegate,
     "suyuan product delegate 06901234567892 https://id.gs1.org/417/6905678000007 "
     "--until 2027-12-31 --key dairy.key"},
    {"revoke", "CODE", 1, 1, "no more batches of it are taken; earlier ones stay", revoke_flags,
     cmd_revoke, "suyuan product revoke 06901234567892 --reason 'made no more' --key dairy.key"},
    {0},
};
