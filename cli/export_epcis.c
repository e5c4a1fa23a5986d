#include "export.h"

/*
 * An EPCIS 2.0 document: each event byte for byte as its author signed it, with a @context of its
 * own where it has one; the document's tells the prefixes that this ledger knows without.
 */

static const char head[] =
    "{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\","
    "{\"suyuan\":\"https://suyuan.dev/ns/\"}],\"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\","
    "\"creationDate\":\"";

struct writer {
	struct app *app;
	bool some;
};

static int put(void *ctx, const struct export_event *e)
{
	struct writer *w = ctx;
	struct out *out = &w->app->out;

	out_bytes(out, w->some ? SY_STR(",\n") : SY_STR("\n"));
	out_bytes(out, e->text);
	w->some = true;
	return out->failed ? RC_FAIL : RC_DONE;
}

/* Nothing is written before the ledger has answered; an answer that isn't whole has no end here
 * either, so that it can't be taken for one. */
static int begin_and_put(void *ctx, const struct export_event *e)
{
	struct writer *w = ctx;
	char time[SY_TIME_TEXT];

	if (!w->some) {
		sy_time_format(sy_time_now(), time);
		out_bytes(&w->app->out, sy_str(head));
		out_bytes(&w->app->out, sy_str(time));
		out_bytes(&w->app->out, SY_STR("\",\"epcisBody\":{\"eventList\":["));
	}
	return put(ctx, e);
}

int cmd_export_epcis(struct app *app)
{
	struct writer w = {app, false};
	int rc = export_stream(app, begin_and_put, &w);

	if (w.some && (rc == RC_DONE || rc == RC_UNKNOWN))
		out_bytes(&app->out, SY_STR("\n]}}\n"));
	return rc;
}
