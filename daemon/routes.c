/* The one route table, and the ledger's own paths in it. */
#include "app.h"

#include <stdio.h>
#include <stdlib.h>

#define GET (HTTP_GET | HTTP_HEAD)

static const struct http_route table[] = {
    {HTTP_POST, "/v1/submissions", handle_submission, HTTP_ANY, 0},
    {GET, "/v1/verify", handle_verify, HTTP_ANY, 0},
    {GET, "/v1/items", handle_items, HTTP_ANY, 0},
    {GET, "/v1/ledger", handle_ledger, HTTP_ANY, 0},
    {GET, "/v1/entries/{i}", handle_entry, HTTP_ANY, 0},
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
};
enum { ROWS = sizeof table / sizeof table[0] };

/* FORMAT: checkpoint and tiles are also served under the origin's own path. */
static int under_origin(const struct sy_str origin, const char *what, char **out)
{
	const char *slash = memchr(origin.p, '/', origin.n);
	*out = NULL;
	if (slash == NULL)
		return SY_OK;
	int n = (int)(origin.p + origin.n - slash);
	return asprintf(out, "%.*s%s", n, slash, what) < 0 ? SY_ENOMEM : SY_OK;
}

int routes_make(struct app *app, const struct http_route **routes, size_t *n)
{
	struct sy_str origin = ledger_origin(app->ledger);
	struct http_route *all = calloc(ROWS + 2, sizeof *all);
	char *checkpoint, *tile;
	if (all == NULL || under_origin(origin, "/checkpoint", &checkpoint) ||
	    under_origin(origin, "/tile/{rest*}", &tile)) {
		free(all);
		return SY_ENOMEM;
	}
	memcpy(all, table, sizeof table);
	all[0].max_body = app->config.max_body;
	*n = ROWS;
	if (checkpoint)
		all[(*n)++] = (struct http_route){GET, checkpoint, handle_checkpoint, HTTP_ANY, 0};
	if (tile)
		all[(*n)++] = (struct http_route){GET, tile, handle_tile, HTTP_ANY, 0};
	*routes = all;
	return SY_OK;
}
