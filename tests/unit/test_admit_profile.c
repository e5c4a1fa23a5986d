/* What the profiles of the categories ask for. */
#include "admit_world.h"

#define RULES "{'type':'Rules','kind':'profile','name':'profile/food','category':'food','fields':"

START_TEST(test_rules)
{
	static const struct row rows[] = {
	    {"not by a producer", DAIRY, RULES "{'lot':'M'}}", 403, "0 /type 0 /name"},
	    {"it is there", REGULATOR, RULES "{'lot':'M'}}", 409, "0 /name"},
	    {"fields and weights", REGULATOR, RULES "{'colour':'M','lot':'X'},'replaces':3}", 422,
	     "0 /fields/colour 0 /fields/lot"},
	    {"another's name", REGULATOR,
	     "{'type':'Rules','kind':'profile','name':'x','category':'food','fields':{}}", 422,
	     "0 /name"},
	    {"limits", OPERATOR,
	     "{'type':'Rules','kind':'limits','name':'limits','limits':{'futureHours':9999,'x':1}}",
	     409, "0 /limits/futureHours 0 /limits/x 0 /name"},
	    {"another kind", OPERATOR, "{'type':'Rules','kind':'x','name':'x'}", 422, "0 /kind"},
	};
	RUN(rows);
}
END_TEST

START_TEST(test_profile)
{
	static const struct row rows[] = {
	    {"whole", DAIRY, ADD("1", "A1", KG, DATES), 0, WARN("0")},
	    {"missing", DAIRY, ADD("1", "A1", "", ""), 422,
	     "0 /quantityList/0/quantity=quantity 0 /quantityList/0/uom=unit "
	     "0 /ilmd/suyuan:productionDate=made 0 /ilmd/cbvmda:itemExpirationDate=expires " WARN(
		 "0")},
	    {"what the product should have is said once", DAIRY,
	     ADD("1", "A1", KG, DATES) "\n" ADD("2", "A2", KG, DATES), 0,
	     WARN("0") " *1 /ilmd/suyuan:origin=origin"},
	    {"a lot that is told already", DAIRY,
	     ADD("1", "A1", KG, DATES) "\n" ADD(
		 "2", "A1", KG, "") "\n{'type':'ObjectEvent','action':'ADD','eventID':'urn:e:3'," AT
				    ",'epcList':['" MILK "/10/A1/21/7']}",
	     0, WARN("0")},
	    {"best before will do", DAIRY,
	     ADD("1", "A1", KG,
		 "'suyuan:productionDate':'2020-05-01','cbvmda:bestBeforeDate':'2020-06-01'"),
	     0, WARN("0")},
	    {"nothing is commissioned", DAIRY, ADD("1", "A1", ",'quantity':0,'uom':'KGM'", DATES),
	     422, "0 /quantityList/0/quantity " WARN("0")},
	    {"form and profile at once", DAIRY,
	     ADD("1", "A1", KG, "'suyuan:productionDate':'yesterday'"), 400,
	     "0 /ilmd/suyuan:productionDate 0 /ilmd/cbvmda:itemExpirationDate=expires " WARN("0")},
	};
	RUN(rows);
}
END_TEST

#define TOMATO(ilmd)                                                                      \
	"{'type':'ObjectEvent','action':'ADD'," AT                                        \
	",'quantityList':[{'epcClass':'urn:suyuan:own:$farm.keyid:tomato:lot:1'" KG "}]," \
	"'ilmd':{" ilmd "}}"
#define DRUG                                                                               \
	"{'type':'Product','code':'06901234000009','name':{'zh':'药'},'category':'drug'," \
	"'specification':'x','holder':'$dairy.id','licences':[{'kind':'GYZZ','number':'H1'}]}"
#define PILLS(list)                                                          \
	"{'type':'ObjectEvent','action':'ADD'," AT "," list "'ilmd':{" DATES \
	",'suyuan:packRatio':'1:5'},"                                        \
	"'suyuan:inspection':{'number':'R1','result':'pass'}}"
#define PILL "https://id.gs1.org/01/06901234000009"

START_TEST(test_categories)
{
	static const struct row rows[] = {
	    {"agri, whole", FARM,
	     TOMATO("'cbvmda:harvestEndDate':'2020-05-01','suyuan:origin':'130102',"
		    "'suyuan:pledge':{'number':'1','basis':'control'},'suyuan:inputs':[]"),
	     0, "*0 /suyuan:inspection=inspection"},
	    {"agri, in full names", FARM,
	     TOMATO("'urn:epcglobal:cbv:mda:harvestEndDate':'2020-05-01',"
		    "'urn:epcglobal:cbv:mda:countryOfOrigin':'CN','suyuan:inputs':[],"
		    "'https://suyuan.dev/ns/pledge':{'number':'1','basis':'control'}"),
	     0, "*0 /suyuan:inspection=inspection"},
	    {"agri, missing", FARM, TOMATO("'suyuan:pledge':{'number':'1','basis':'hope'}"), 422,
	     "0 /ilmd/cbvmda:harvestEndDate=harvested 0 /ilmd/suyuan:origin=origin "
	     "0 /ilmd/suyuan:pledge=pledge 0 /ilmd/suyuan:inputs=inputs "
	     "*0 /suyuan:inspection=inspection"},
	    {"drug, a lot without serials", DAIRY,
	     DRUG "\n" PILLS("'quantityList':[{'epcClass':'" PILL "/10/A','quantity':2}],"), 422,
	     "1 /epcList=serial *1 /quantityList/0=standard *1 /quantityList/0=storage "
	     "*1 /ilmd/suyuan:origin=origin"},
	    {"drug, a lot and its units", DAIRY,
	     DRUG "\n" PILLS("'quantityList':[{'epcClass':'" PILL "/10/A','quantity':2}],"
			     "'epcList':['" PILL "/10/A/21/1','" PILL "/10/A/21/2'],"),
	     0, "*1 /epcList/0=standard *1 /epcList/0=storage *1 /ilmd/suyuan:origin=origin"},
	    {"drug, units of no lot", DAIRY, DRUG "\n" PILLS("'epcList':['" PILL "/21/1'],"), 422,
	     "1 /epcList/0=lot *1 /epcList/0=standard *1 /epcList/0=storage "
	     "*1 /ilmd/suyuan:origin=origin"},
	};
	RUN(rows);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("admit_profile");
	add(s, "rules", test_rules);
	add(s, "profile", test_profile);
	add(s, "categories", test_categories);
	return s;
}
