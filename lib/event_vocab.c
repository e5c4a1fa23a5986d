/* Words of GS1's Core Business Vocabulary 2.0 and the spellings of each. */
#include "code_impl.h"
#include "event_impl.h"

#include <stdlib.h>

/* Sorted, for the search. */
static const char *const steps[] = {
    "accepting",
    "arriving",
    "assembling",
    "collecting",
    "commissioning",
    "consigning",
    "creating_class_instance",
    "cycle_counting",
    "decommissioning",
    "departing",
    "destroying",
    "disassembling",
    "dispensing",
    "encoding",
    "entering_exiting",
    "holding",
    "inspecting",
    "installing",
    "killing",
    "loading",
    "other",
    "packing",
    "picking",
    "receiving",
    "removing",
    "repackaging",
    "repairing",
    "replacing",
    "reserving",
    "retail_selling",
    "sampling",
    "sensor_reporting",
    "shipping",
    "staging_outbound",
    "stock_taking",
    "stocking",
    "storing",
    "transporting",
    "unloading",
    "unpacking",
    "void_shipping",
};

static const char *const dispositions[] = {
    "active",
    "available",
    "completeness_inferred",
    "completeness_verified",
    "conformant",
    "container_closed",
    "container_open",
    "damaged",
    "destroyed",
    "dispensed",
    "disposed",
    "encoded",
    "expired",
    "in_progress",
    "in_transit",
    "inactive",
    "mismatch_class",
    "mismatch_instance",
    "mismatch_quantity",
    "needs_replacement",
    "no_pedigree_match",
    "non_conformant",
    "non_sellable_other",
    "partially_dispensed",
    "recalled",
    "reserved",
    "retail_sold",
    "returned",
    "sellable_accessible",
    "sellable_not_accessible",
    "stolen",
    "unavailable",
    "unknown",
};

static const struct {
	const char *const *words;
	size_t n;
	const char *prefixes[5]; /* of the other spellings */
} vocabularies[] = {
    [VOCAB_STEP] = {steps,
		    sizeof steps / sizeof steps[0],
		    {"cbv:BizStep-",
		     "urn:epcglobal:cbv:bizstep:", "https://ref.gs1.org/cbv/BizStep-",
		     "http://ref.gs1.org/cbv/BizStep-", "https://ns.gs1.org/cbv/BizStep-"}},
    [VOCAB_DISPOSITION] = {dispositions,
			   sizeof dispositions / sizeof dispositions[0],
			   {"cbv:Disp-", "urn:epcglobal:cbv:disp:", "https://ref.gs1.org/cbv/Disp-",
			    "http://ref.gs1.org/cbv/Disp-", "https://ns.gs1.org/cbv/Disp-"}},
};

static int compare_word(const void *key, const void *word)
{
	return sy_str_cmp(*(const struct sy_str *)key, sy_str(*(const char *const *)word));
}

bool sy_event_word(enum vocab vocab, struct sy_str text, struct sy_str *out)
{
	*out = text;
	for (size_t i = 0; i < 5; i++) {
		const char *prefix = vocabularies[vocab].prefixes[i];
		if (sy_text_starts(text, prefix)) {
			*out = sy_text_from(text, strlen(prefix));
			break;
		}
	}
	bool shortened = out->n < text.n;
	if (!shortened && sy_uri_scheme(text) > 0)
		return sy_uri_bad(text) == text.n;
	return bsearch(out, vocabularies[vocab].words, vocabularies[vocab].n, sizeof(char *),
		       compare_word) != NULL;
}
