"""Example reports in the past, written as staff write them."""

from typing import NamedTuple


class ExampleIncident(NamedTuple):
    """An incident: where, how many days ago, and the text."""

    department: str
    days_ago: int
    category: str
    title: str
    what_happened: str


class ExampleCalamity(NamedTuple):
    """A potential calamity: where, how many days ago, and the text."""

    department: str
    days_ago: int
    severity: str
    title: str
    what_happened: str
    patient_outcome: str


class ExampleComplaint(NamedTuple):
    """A complaint: about which department, how many days ago, and the text."""

    department: str
    days_ago: int
    subject: str
    description: str


INCIDENTS = (
    ExampleIncident(
        "Intensive Care",
        3,
        "medication",
        "Pompstand noradrenaline verkeerd ingesteld",
        "Bij het wisselen van de spuit is de pompstand tien keer te hoog ingevoerd. Binnen twee "
        "minuten opgemerkt door het alarm op de bloeddruk.",
    ),
    ExampleIncident(
        "Intensive Care",
        19,
        "equipment",
        "Beademingsslang los bij transport",
        "Tijdens het transport naar de CT raakte de slang los. Direct opnieuw aangesloten, de "
        "saturatie bleef boven 90.",
    ),
    ExampleIncident(
        "Vaatchirurgie",
        6,
        "communication",
        "Stollingswaarden niet overgedragen",
        "De afwijkende stollingswaarden stonden niet in de overdracht van de nachtdienst. De "
        "ingreep is een uur uitgesteld.",
    ),
    ExampleIncident(
        "Cardiologie",
        8,
        "fall",
        "Patiënt gevallen naast het bed",
        "De patiënt wilde zelf naar het toilet. Het bedhek stond omlaag en de bel lag buiten "
        "bereik. Geen letsel.",
    ),
    ExampleIncident(
        "Orthopedie",
        11,
        "treatment",
        "Verkeerde maat prothese op tafel",
        "Bij de time-out bleek de maat niet overeen te komen met het plan. De juiste maat was "
        "binnen een kwartier aanwezig.",
    ),
    ExampleIncident(
        "Spoedeisende Hulp",
        2,
        "communication",
        "Allergie niet overgenomen uit de verwijsbrief",
        "De allergie voor penicilline stond in de brief, maar niet in het dossier. Ontdekt voor "
        "de eerste gift.",
    ),
    ExampleIncident(
        "Kindergeneeskunde",
        27,
        "medication",
        "Dosering op het gewicht van een ander kind",
        "Twee dossiers stonden tegelijk open. De apotheek zag de afwijkende dosis en belde.",
    ),
    ExampleIncident(
        "Radiologie",
        34,
        "other",
        "Contrastmiddel gegeven zonder controle van de nierfunctie",
        "De uitslag was nog niet bekend toen het onderzoek begon. De uitslag bleek normaal.",
    ),
    ExampleIncident(
        "Ziekenhuisapotheek",
        41,
        "medication",
        "Twee sterktes in één lade",
        "Bij het bijvullen zijn twee sterktes van hetzelfde middel in één lade gelegd.",
    ),
)

CALAMITIES = (
    ExampleCalamity(
        "Intensive Care",
        46,
        "death",
        "Onverwacht overlijden na reïntubatie",
        "Tijdens een moeizame reïntubatie in de nacht ontstond een circulatiestilstand. Reanimatie "
        "volgens protocol, zonder resultaat.",
        "De patiënt is overleden. De familie is in de nacht gesproken.",
    ),
    ExampleCalamity(
        "Vaatchirurgie",
        83,
        "permanent_harm",
        "Nabloeding laat herkend",
        "Na een bypassoperatie is een nabloeding pas na drie uur herkend. Spoedoperatie volgde.",
        "Opgenomen op de IC, blijvende schade aan het been waarschijnlijk.",
    ),
    ExampleCalamity(
        "Verloskunde en Gynaecologie",
        118,
        "unknown",
        "Slechte start na spoedkeizersnede",
        "Het besluit tot een keizersnede is twintig minuten later uitgevoerd dan afgesproken.",
        "Het kind wordt gekoeld op de Neonatologie; de gevolgen zijn nog niet bekend.",
    ),
)

COMPLAINTS = (
    ExampleComplaint(
        "Spoedeisende Hulp",
        130,
        "Breuk gemist bij eerste bezoek",
        "De indiener is naar huis gestuurd met een kneuzing; een week later bleek het een breuk.",
    ),
    ExampleComplaint(
        "Neurologie",
        62,
        "Slecht nieuws op de gang verteld",
        "De familie hoorde de uitslag op de gang, waar anderen bij stonden.",
    ),
    ExampleComplaint(
        "Urologie",
        16,
        "Operatie op de dag zelf afgezegd",
        "De indiener was nuchter en opgenomen toen de operatie voor de tweede keer werd afgezegd.",
    ),
)
