/* Words of GS1's Core Business Vocabulary 2.0 and the spellings of each. */
#include "code_impl.h"
#include "event_impl.h"

#include <stdlib.h>

/* Each sorted, for the search. */
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

static const char *const transactions[] = {
    "bol",       "cert",   "desadv", "inv",     "pedigree", "po",    "poc",
    "prodorder", "recadv", "rma",    "testprd", "testres",  "upevt",
};

static const char *const ends[] = {
    "location",
    "owning_party",
    "possessing_party",
};

static const char *const reasons[] = {
    "did_not_occur",
    "incorrect_data",
};

static const char *const measurements[] = {
    "AbsoluteHumidity",
    "AbsorbedDose",
    "AbsorbedDoseRate",
    "Acceleration",
    "Altitude",
    "AmountOfSubstance",
    "AmountOfSubstancePerUnitVolume",
    "Angle",
    "AngularAcceleration",
    "AngularMomentum",
    "AngularVelocity",
    "Area",
    "Capacitance",
    "Conductance",
    "Conductivity",
    "Count",
    "Density",
    "Dimensionless",
    "DoseEquivalent",
    "DoseEquivalentRate",
    "DynamicViscosity",
    "ElectricCharge",
    "ElectricCurrent",
    "ElectricCurrentDensity",
    "ElectricFieldStrength",
    "Energy",
    "Exposure",
    "Force",
    "Frequency",
    "Illuminance",
    "Inductance",
    "Irradiance",
    "KinematicViscosity",
    "Length",
    "LinearMomentum",
    "Luminance",
    "LuminousFlux",
    "LuminousIntensity",
    "MagneticFlux",
    "MagneticFluxDensity",
    "MagneticVectorPotential",
    "Mass",
    "MassConcentration",
    "MassFlowRate",
    "MassPerAreaTime",
    "MemoryCapacity",
    "MolalityOfSolute",
    "MolarEnergy",
    "MolarMass",
    "MolarVolume",
    "Power",
    "Pressure",
    "RadiantFlux",
    "RadiantIntensity",
    "Radioactivity",
    "RelativeHumidity",
    "Resistance",
    "Resistivity",
    "SolidAngle",
    "SpecificVolume",
    "Speed",
    "SurfaceDensity",
    "SurfaceTension",
    "Temperature",
    "Time",
    "Torque",
    "Voltage",
    "Volume",
    "VolumeFlowRate",
    "VolumeFraction",
    "VolumetricFlux",
    "Wavenumber",
};

static const char *const alerts[] = {
    "ALARM_CONDITION",
    "ERROR_CONDITION",
};

static const char *const components[] = {
    "altitude",
    "axial_distance",
    "azimuth",
    "easting",
    "elevation_angle",
    "height",
    "latitude",
    "longitude",
    "northing",
    "polar_angle",
    "spherical_radius",
    "x",
    "y",
    "z",
};

#define WORDS(list) (list), sizeof(list) / sizeof((list)[0])

static const struct vocabulary {
	const char *const *words;
	size_t n;
	const char *start; /* of a word's name in its namespace */
	const char *urn;   /* start of its older URN, or NULL */
	bool gs1;          /* in the GS1 Web Vocabulary, not in CBV's namespace */
	struct event_words expected;
} vocabularies[] = {
    [VOCAB_STEP] = {WORDS(steps),
		    "BizStep-",
		    "urn:epcglobal:cbv:bizstep:",
		    false,
		    {"a business step of the Core Business Vocabulary such as shipping, or a URI",
		     "核心业务词汇（CBV）的业务步骤，如 shipping，或 URI"}},
    [VOCAB_DISPOSITION] =
	{WORDS(dispositions),
	 "Disp-",
	 "urn:epcglobal:cbv:disp:",
	 false,
	 {"a disposition of the Core Business Vocabulary such as in_transit, or a URI",
	  "核心业务词汇（CBV）的状态，如 in_transit，或 URI"}},
    [VOCAB_TRANSACTION] = {WORDS(transactions),
			   "BTT-",
			   "urn:epcglobal:cbv:btt:",
			   false,
			   {"a type of the Core Business Vocabulary such as po or desadv, or a URI",
			    "核心业务词汇（CBV）的单据类型，如 po 或 desadv，或 URI"}},
    [VOCAB_END] = {WORDS(ends),
		   "SDT-",
		   "urn:epcglobal:cbv:sdt:",
		   false,
		   {"owning_party, possessing_party, location, or a URI",
		    " owning_party、possessing_party、location 或 URI"}},
    [VOCAB_REASON] = {WORDS(reasons),
		      "ER-",
		      "urn:epcglobal:cbv:er:",
		      false,
		      {"did_not_occur, incorrect_data, or a URI",
		       " did_not_occur、incorrect_data 或 URI"}},
    [VOCAB_MEASUREMENT] = {WORDS(measurements),
			   "",
			   NULL,
			   true,
			   {"a measurement type of GS1 such as Temperature, or a URI",
			    " GS1 的测量类型，如 Temperature，或 URI"}},
    [VOCAB_ALERT] = {WORDS(alerts),
		     "",
		     NULL,
		     true,
		     {"ALARM_CONDITION, ERROR_CONDITION, or a URI",
		      " ALARM_CONDITION、ERROR_CONDITION 或 URI"}},
    [VOCAB_COMPONENT] = {WORDS(components),
			 "Comp-",
			 NULL,
			 false,
			 {"a component of the Core Business Vocabulary such as latitude, or a URI",
			  "核心业务词汇（CBV）的分量，如 latitude，或 URI"}},
};

/* Where words live, in all spellings; those of the first release's context only behind a prefix. */
static const struct {
	const char *space;
	bool gs1, in_full;
} spaces[] = {
    {"https://ref.gs1.org/cbv/", false, true}, {"http://ref.gs1.org/cbv/", false, true},
    {"https://ns.gs1.org/cbv/", false, false}, {"http://ns.gs1.org/cbv/", false, false},
    {"https://ref.gs1.org/voc/", true, true},  {"http://ref.gs1.org/voc/", true, true},
    {"https://gs1.org/voc/", true, false},     {"http://gs1.org/voc/", true, false},
    {"https://www.gs1.org/voc/", true, false}, {"http://www.gs1.org/voc/", true, false},
};
#define SPACES (sizeof spaces / sizeof spaces[0])

static int compare_word(const void *key, const void *word)
{
	return sy_str_cmp(*(const struct sy_str *)key, sy_str(*(const char *const *)word));
}

static bool is_word(const struct vocabulary *v, struct sy_str text)
{
	return bsearch(&text, v->words, v->n, sizeof(char *), compare_word) != NULL;
}

/* The space that TEXT, written in full, begins with. */
static size_t space_in(struct sy_str text)
{
	size_t i = 0;
	while (i < SPACES && !sy_text_starts(text, spaces[i].space))
		i++;
	return i;
}

static size_t space_of(struct sy_str name)
{
	size_t i = 0;
	while (i < SPACES && !sy_str_is(name, spaces[i].space))
		i++;
	return i;
}

/* Takes START off; TEXT is a word when one of the list is left. */
static bool cut_word(const struct vocabulary *v, struct sy_str text, const char *start,
		     struct sy_str *out)
{
	if (!sy_text_starts(text, start))
		return false;
	*out = sy_text_from(text, strlen(start));
	return is_word(v, *out);
}

/* By prefix or in full; what is in GS1's namespaces is one of its words, or nothing. */
static bool read_uri(const struct prefixes *p, const struct vocabulary *v, struct sy_str text,
		     struct sy_str *out)
{
	struct sy_str prefix, local, space;
	size_t i;
	if (sy_event_split(text, &prefix, &local) && sy_event_space(p, prefix, &space)) {
		i = space_of(space);
	} else {
		i = space_in(text);
		if (i < SPACES && !spaces[i].in_full)
			return false;
		local = i < SPACES ? sy_text_from(text, strlen(spaces[i].space)) : text;
	}
	if (i < SPACES)
		return spaces[i].gs1 == v->gs1 && cut_word(v, local, v->start, out);
	if (sy_text_starts(text, "urn:epcglobal:cbv"))
		return v->urn != NULL && cut_word(v, text, v->urn, out);
	*out = text;
	return sy_event_is_uri(text);
}

bool sy_event_word(const struct prefixes *p, enum vocab vocab, struct sy_str text,
		   struct sy_str *out)
{
	const struct vocabulary *v = &vocabularies[vocab];
	*out = text;
	if (text.n > 0 && memchr(text.p, ':', text.n) != NULL)
		return read_uri(p, v, text, out);
	return is_word(v, text);
}

struct event_words sy_event_word_expected(enum vocab vocab)
{
	return vocabularies[vocab].expected;
}

void sy_event_word_start(enum vocab vocab, const char *start[2])
{
	start[0] =
	    vocabularies[vocab].gs1 ? "https://ref.gs1.org/voc/" : "https://ref.gs1.org/cbv/";
	start[1] = vocabularies[vocab].start;
}
