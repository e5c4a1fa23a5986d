/* The one route table, and the ledger's own paths in it. */
#include "api/app.h"

#include <stdio.h>
#include <stdlib.h>

#define GET (HTTP_GET | HTTP_HEAD)

/* GS1 Digital Links, by their primary key; what follows it is for the code's reader. */
#define LINK(key)                                                 \
	{                                                         \
		GET, "/" key "/{rest*}", handle_link, HTTP_ANY, 0 \
	}
#define LINKS                                                                                    \
	LINK("01"), LINK("00"), LINK("253"), LINK("255"), LINK("401"), LINK("402"), LINK("414"), \
	    LINK("417"), LINK("8002"), LINK("8003"), LINK("8004"), LINK("8006"), LINK("8010"),   \
	    LINK("8013"), LINK("8017"), LINK("8018")

static const struct http_route table[] = {
    {HTTP_POST, "/v1/submissions", handle_submission, HTTP_ANY, 0},
    {GET, "/v1/verify", handle_verify, HTTP_ANY, 0},
    {GET, "/v1/items", handle_items, HTTP_ANY, 0},
    {GET, "/v1/trace", handle_trace, HTTP_ANY, 0},
    {GET, "/v1/trace/common", handle_common, HTTP_ANY, 0},
    {GET, "/v1/events", handle_events, HTTP_ANY, 0},
    {GET, "/v1/balance", handle_balance, HTTP_ANY, 0},
    {GET, "/v1/affected", handle_affected, HTTP_ANY, 0},
    {GET, "/v1/recalls", handle_recalls, HTTP_ANY, 0},
    {GET, "/v1/recalls/{id}", handle_recall, HTTP_ANY, 0},
    {GET, "/v1/recalls/{id}/effectiveness", handle_recall_effectiveness, HTTP_ANY, 0},
    {GET, "/v1/recalls/{id}/affected", handle_recall_affected, HTTP_ANY, 0},
    {GET, "/v1/quality", handle_quality, HTTP_ANY, 0},
    {GET, "/v1/ledger", handle_ledger, HTTP_ANY, 0},
    {GET, "/v1/entries/{i}", handle_entry, HTTP_ANY, 0},
    {GET, "/v1/records", handle_records, HTTP_ANY, 0},
    {GET, "/v1/records/{n}", handle_record, HTTP_ANY, 0},
    {GET, "/v1/records/{n}/receipt", handle_receipt, HTTP_ANY, 0},
    {GET, "/v1/consistency", handle_consistency, HTTP_ANY, 0},
    {GET, "/v1/parties", handle_parties, HTTP_ANY, 0},
    {GET, "/v1/products", handle_products, HTTP_ANY, 0},
    {GET, "/v1/places", handle_places, HTTP_ANY, 0},
    {GET, "/v1/rules", handle_rules, HTTP_ANY, 0},
    {GET, "/v1/admin/status", handle_status, HTTP_LOCAL, 0},
    {GET, "/checkpoint", handle_checkpoint, HTTP_ANY, 0},
    {GET, "/tile/{rest*}", handle_tile, HTTP_ANY, 0},
    {GET, "/healthz", handle_health, HTTP_ANY, 0},
    {GET, "/readyz", handle_ready, HTTP_ANY, 0},
    {GET, "/metrics", handle_metrics, HTTP_ANY, 0},
    LINKS,
};

/* FORMAT: checkpoint and tiles are also served under the origin's own path; so are links. */
static const struct http_route own[] = {
    {GET, "/checkpoint", handle_checkpoint, HTTP_ANY, 0},
    {GET, "/tile/{rest*}", handle_tile, HTTP_ANY, 0},
    LINKS,
};
enum { ROWS = sizeof table / sizeof table[0], OWN = sizeof own / sizeof own[0] };

static int under_origin(const struct sy_str origin, const char *what, char **out)
{
	const char *slash = memchr(origin.p, '/', origin.n);
	*out = NULL;
	if (slash == NULL)
		return SY_OK;
	int n = (int)(origin.p + origin.n - slash);
	return asprintf(out, "%.*s%s", n, slash, what) < 0 ? SY_ENOMEM : SY_OK;
}

int routes_make(struct app *app)
{
	struct sy_str origin = ledger_origin(app->ledger);
	char *path;

	if ((app->routes = calloc(ROWS + OWN, sizeof *app->routes)) == NULL)
		return SY_ENOMEM;
	memcpy(app->routes, table, sizeof table);
	app->routes[0].max_body = app->config.max_body;
	app->n_routes = ROWS;
	for (unsigned i = 0; i < OWN; i++) {
		if (under_origin(origin, own[i].pattern, &path))
			return SY_ENOMEM;
		if (path == NULL)
			continue;
		app->routes[app->n_routes] = own[i];
		app->routes[app->n_routes++].pattern = path;
		app->n_own++;
	}
	return SY_OK;
}

void routes_free(struct app *app)
{
	for (size_t i = app->n_routes - app->n_own; i < app->n_routes; i++)
		free((void *)(uintptr_t)app->routes[i].pattern);
	free(app->routes);
	app->routes = NULL;
	app->n_routes = app->n_own = 0;
}
