/* What an event says of things: which, when, where, between whom, by which papers. */
#include "row_impl.h"
#include "words.h"

/* --- things ----------------------------------------------------------------------------------- */

static void put_amount(struct draft *d, const struct thing *t)
{
	char number[SY_DECIMAL_TEXT];

	sy_jw_object(&d->w);
	sy_jw_kv_str(&d->w, "epcClass", t->code);
	if (t->counted) {
		sy_decimal_format(t->quantity, number);
		sy_jw_key(&d->w, "quantity");
		sy_jw_raw(&d->w, sy_str(number));
		if (t->unit != NULL && t->unit[0] != '\0')
			sy_jw_kv_text(&d->w, "uom", t->unit);
	}
	sy_jw_end(&d->w, '}');
}

static void put_things(struct draft *d, const struct things *list, const char *epcs,
		       const char *quantities)
{
	if (list->n > list->classes) {
		sy_jw_key(&d->w, epcs);
		sy_jw_array(&d->w);
		for (size_t i = 0; i < list->n; i++) {
			if (!list->v[i].is_class)
				sy_jw_string(&d->w, list->v[i].code);
		}
		sy_jw_end(&d->w, ']');
	}
	if (list->classes > 0) {
		sy_jw_key(&d->w, quantities);
		sy_jw_array(&d->w);
		for (size_t i = 0; i < list->n; i++) {
			if (list->v[i].is_class)
				put_amount(d, &list->v[i]);
		}
		sy_jw_end(&d->w, ']');
	}
}

static void put_container(struct draft *d)
{
	struct sy_str text = row_value(d, F_CONTAINER);
	struct sy_faults faults;
	struct sy_code code;

	if (text.n == 0)
		return;
	sy_faults_init(&faults, d->arena);
	int err = sy_code_parse(d->arena, text, &code, &faults, d->record, "");
	if (err != SY_OK)
		wrong(d, F_CONTAINER, "%.*s is not a code: %s", "%.*s 不是代码：%s", (int)text.n,
		      text.p, faults.n > 0 ? faults.v[0].detail : words(sy_strerror(err)));
	else if (code.kind == SY_CODE_PRODUCT || code.kind == SY_CODE_LOT)
		wrong(d, F_CONTAINER, "%.*s is a %s: expected the code of one single container",
		      "%.*s 是 %s：应为单个容器的代码", (int)text.n, text.p,
		      sy_code_kind_name(code.kind));
	else
		sy_jw_kv_str(&d->w, "parentID", code.canonical);
}

/* --- when and where --------------------------------------------------------------------------- */

/* As given; of what is made else 00:00 at +08:00 of the day it was made or harvested. */
static void put_time(struct draft *d)
{
	struct sy_str at = row_value(d, F_AT), made = row_value(d, F_MADE), time, zone;
	bool given = at.n > 0, makes = d->verb->shape == SHAPE_MAKES;
	int32_t day;

	if (!given && makes)
		at = made.n > 0 ? made : row_value(d, F_HARVESTED);
	if (at.n == 0 && makes)
		wrong(d, F_MADE, "is missing: expected when it was made (or harvested)",
		      "缺少：应为生产（或采收）日期");
	else if (at.n == 0)
		wrong(d, F_AT, "is missing: expected when it happened", "缺少：应为发生时间");
	else if (value_time(d->arena, at, &time, &zone)) {
		sy_jw_kv_str(&d->w, "eventTime", time);
		sy_jw_kv_str(&d->w, "eventTimeZoneOffset", zone);
	} else if (given) {
		wrong(d, F_AT, "%.*s: expected %s", "%.*s：应为%s", (int)at.n, at.p,
		      row_expected(d, F_AT));
	} else if (value_date(d->arena, at, &day) == SY_OK) { /* else it is named as a day */
		wrong(d, made.n > 0 ? F_MADE : F_HARVESTED,
		      "%.*s is before 1970: expected a later day",
		      "%.*s 早于 1970 年：应为其后的日期", (int)at.n, at.p);
	}
}

static void put_place(struct draft *d, enum field f, const char *member)
{
	struct sy_str place = row_value(d, f), id;

	if (place.n == 0)
		return;
	id = value_place(d->arena, place);
	if (id.n == 0) {
		wrong(d, f, "%.*s: expected a GLN with its check digit, or a URI",
		      "%.*s：应为带校验位的 GLN 或 URI", (int)place.n, place.p);
		return;
	}
	sy_jw_key(&d->w, member);
	sy_jw_object(&d->w);
	sy_jw_kv_str(&d->w, "id", id);
	sy_jw_end(&d->w, '}');
}

/* What leaves a place was seen there and isn't there any more. */
static void put_places(struct draft *d)
{
	bool leaves = d->verb->way == 'o' && row_value(d, F_READ_POINT).n == 0;

	put_place(d, F_READ_POINT, "readPoint");
	put_place(d, F_PLACE, leaves ? "readPoint" : "bizLocation");
}

/* --- between whom ----------------------------------------------------------------------------- */

struct side {
	const char *list, *member;
	struct sy_str possessor, owner; /* ids, or empty */
};

/* The party of a column; the partner's where that is empty and the partner stands on this side. */
static struct sy_str party_of(struct draft *d, enum field f, bool partner)
{
	struct sy_str text = row_value(d, f), id = {"", 0};

	if (text.n == 0 && partner) {
		f = F_PARTNER;
		text = row_value(d, f);
	}
	if (text.n == 0)
		return id;
	id = value_party(d->arena, text);
	if (id.n == 0)
		wrong(d, f,
		      "%.*s: expected a GLN or social credit code with its check digit, or a URI",
		      "%.*s：应为带校验位的 GLN、统一社会信用代码或 URI", (int)text.n, text.p);
	return id;
}

static void put_party(struct draft *d, const struct side *s, const char *type, struct sy_str id)
{
	if (id.n == 0)
		return;
	sy_jw_object(&d->w);
	sy_jw_kv_text(&d->w, "type", type);
	sy_jw_kv_str(&d->w, s->member, id);
	sy_jw_end(&d->w, '}');
}

static void put_side(struct draft *d, const struct side *s)
{
	if (s->possessor.n == 0 && s->owner.n == 0)
		return;
	sy_jw_key(&d->w, s->list);
	sy_jw_array(&d->w);
	put_party(d, s, "possessing_party", s->possessor);
	put_party(d, s, "owning_party", s->owner);
	sy_jw_end(&d->w, ']');
}

/* --- papers ----------------------------------------------------------------------------------- */

/* Who gives a paper its number: an order whoever gets the goods, the others whoever sends them. */
static struct sy_str issuer_of(const struct side *s)
{
	struct sy_str gln = value_gln(s->owner);

	return gln.n > 0 ? gln : value_gln(s->possessor);
}

static void put_documents(struct draft *d, const struct side *from, const struct side *to)
{
	const struct {
		enum field field;
		const char *type;
		const struct side *by;
	} kinds[] = {{F_PO, "po", to}, {F_DESADV, "desadv", from}, {F_INV, "inv", from}};
	bool any = false;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct sy_str rest = row_value(d, kinds[i].field), part;
		while (row_part(&rest, &part)) {
			struct sy_str uri =
			    value_document(d->arena, part, issuer_of(kinds[i].by), kinds[i].type);
			if (uri.n == 0) {
				wrong(d, kinds[i].field, "%.*s: expected %s", "%.*s：应为%s",
				      (int)part.n, part.p, row_expected(d, kinds[i].field));
				continue;
			}
			if (!any) {
				sy_jw_key(&d->w, "bizTransactionList");
				sy_jw_array(&d->w);
			}
			any = true;
			sy_jw_object(&d->w);
			sy_jw_kv_text(&d->w, "type", kinds[i].type);
			sy_jw_kv_str(&d->w, "bizTransaction", uri);
			sy_jw_end(&d->w, '}');
		}
	}
	if (any)
		sy_jw_end(&d->w, ']');
}

static void put_parties(struct draft *d)
{
	char way = d->verb->way;
	struct side from = {"sourceList", "source", party_of(d, F_FROM, way == 'i'),
			    party_of(d, F_OWNER_FROM, false)};
	struct side to = {"destinationList", "destination", party_of(d, F_TO, way == 'o'),
			  party_of(d, F_OWNER_TO, false)};

	if (way == 0 && row_value(d, F_PARTNER).n > 0)
		wrong(d, F_PARTNER, "is the partner of no transfer: say whether from or to",
		      "该业务没有往来：请写明发货方或收货方");
	put_documents(d, &from, &to);
	put_side(d, &from);
	put_side(d, &to);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void put_site(struct draft *d)
{
	bool any = false;

	for (int f = F_PROJECT; f <= F_SUPERVISOR; f++)
		any = any || row_value(d, (enum field)f).n > 0;
	if (!any)
		return;
	sy_jw_key(&d->w, "suyuan:site");
	sy_jw_object(&d->w);
	row_text(d, F_PROJECT, "project");
	row_text(d, F_PART, "part");
	row_text(d, F_SAMPLE, "sample");
	row_text(d, F_SUPERVISOR, "supervisor");
	sy_jw_end(&d->w, '}');
}

/* 1 for the smallest package. */
static void put_layer(struct draft *d)
{
	struct sy_str layer = value_narrow(d->arena, row_value(d, F_PACK_LAYER));

	if (layer.n == 0)
		return;
	if (layer.n != 1 || layer.p[0] < '1' || layer.p[0] > '9') {
		wrong(d, F_PACK_LAYER, "%.*s: expected 1 to 9", "%.*s：应为 1 至 9", (int)layer.n,
		      layer.p);
		return;
	}
	sy_jw_key(&d->w, "suyuan:packLayer");
	sy_jw_raw(&d->w, layer);
}

/* What stays true of a thing until it is taken back (EPCIS 2.0, persistentDisposition). */
static void put_persistent(struct draft *d)
{
	if (d->verb->persists == NULL)
		return;
	sy_jw_key(&d->w, "persistentDisposition");
	sy_jw_object(&d->w);
	sy_jw_key(&d->w, d->verb->persists);
	sy_jw_array(&d->w);
	sy_jw_text(&d->w, "non_sellable_other");
	sy_jw_end(&d->w, ']');
	sy_jw_end(&d->w, '}');
}

static const char *disposition_of(const struct draft *d)
{
	const char *passed;

	if (d->verb->disposition != NULL || d->verb->shape == SHAPE_MAKES)
		return d->verb->disposition;
	passed = row_passed(d);
	return passed == NULL ? NULL : passed[0] == 'p' ? "conformant" : "non_conformant";
}

static void write_transformation(struct draft *d)
{
	sy_jw_kv_text(&d->w, "bizStep", d->verb->step);
	put_things(d, &d->inputs, "inputEPCList", "inputQuantityList");
	put_things(d, &d->things, "outputEPCList", "outputQuantityList");
	row_text(d, F_TRANSFORMATION, "transformationID");
}

static void write_action(struct draft *d)
{
	const char *disposition = disposition_of(d);

	sy_jw_kv_text(&d->w, "action", d->verb->action);
	sy_jw_kv_text(&d->w, "bizStep", d->verb->step);
	if (disposition != NULL)
		sy_jw_kv_text(&d->w, "disposition", disposition);
	put_persistent(d);
	if (d->verb->shape == SHAPE_PACKS) {
		put_container(d);
		put_things(d, &d->things, "childEPCs", "childQuantityList");
	} else {
		put_things(d, &d->things, "epcList", "quantityList");
	}
}

void row_write(struct draft *d)
{
	put_time(d);
	if (row_transforms(d))
		write_transformation(d);
	else if (d->verb->action != NULL)
		write_action(d);
	put_places(d);
	put_parties(d);
	if (d->verb->shape == SHAPE_MAKES) {
		row_ilmd(d);
		put_layer(d);
	}
	if (d->verb->disposition == NULL || d->verb->shape == SHAPE_MAKES)
		row_inspection(d);
	put_site(d);
}
