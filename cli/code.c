#include "nouns.h"

static void part(struct app *app, const char *name, struct sy_str value)
{
	if (value.n > 0)
		out_str(&app->out, name, value);
}

static int parse_one(struct app *app, const char *text)
{
	static const char *const schemes[] = {"gs1", "own", "cn", "private"};
	struct sy_faults faults;
	struct sy_code c;

	memset(&c, 0, sizeof c);
	sy_faults_init(&faults, &app->arena);
	int err = sy_code_parse(&app->arena, sy_str(text), &c, &faults, SY_NO_RECORD, "");
	out_object(&app->out, NULL);
	out_text(&app->out, "given", text);
	out_text(&app->out, "kind", err == SY_OK ? sy_code_kind_name(c.kind) : "none");
	if (err == SY_OK) {
		out_text(&app->out, "scheme", schemes[c.scheme]);
		part(app, "canonical", c.canonical);
		part(app, "product", c.product);
		part(app, "lotCode", c.lot_code);
		part(app, "gtin", c.gtin);
		part(app, "lot", c.lot);
		part(app, "serial", c.serial);
		part(app, "made", c.made);
		part(app, "expires", c.expiry);
	}
	if (faults.n > 0) {
		out_list(&app->out, "faults");
		for (size_t i = 0; i < faults.n; i++)
			out_text(&app->out, NULL, faults.v[i].detail);
		out_end(&app->out);
	} else if (err != SY_OK) {
		out_text(&app->out, "faults", sy_strerror(err));
	}
	out_end(&app->out);
	return err == SY_OK ? RC_DONE : RC_FAIL;
}

static int cmd_parse(struct app *app)
{
	const char *text;
	bool many = app->args.n_pos > 1 && out_is_json(&app->out);
	int rc = RC_DONE;

	if (many)
		out_list(&app->out, NULL);
	for (size_t i = 0; (text = arg_pos(app, i)) != NULL; i++) {
		if (i > 0)
			out_line(&app->out, "%s", "");
		rc = rc_worst(rc, parse_one(app, text));
	}
	if (many)
		out_end(&app->out);
	return rc;
}

const struct command code_commands[] = {
    {"parse", "CODE...", 1, -1, "what a code says: kind, canonical form, parts, faults; offline",
     NULL, cmd_parse, "suyuan code parse '(01)06901234567892(10)A1'"},
    {0},
};
