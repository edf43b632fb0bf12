"""The texts of the application in Dutch and English, and the choice between them."""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask, has_request_context, session

LOCALES: Final = ("nl", "en")
DEFAULT_LOCALE: Final = "nl"
HOSPITAL_TIMEZONE: Final = "Europe/Amsterdam"

MONTHS: Final = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}

#: Key: the text in Dutch and in English.
TEXTS: Final[dict[str, tuple[str, str]]] = {
    # The frame of every page
    "hospital": ("Academisch Ziekenhuis Noorderhaven", "Noorderhaven University Hospital"),
    "application": ("Veilig melden", "Safe reporting"),
    "skip": ("Naar de inhoud", "Skip to content"),
    "nav": ("Hoofdmenu", "Main menu"),
    "nav.home": ("Start", "Home"),
    "nav.incidents": ("VIM-meldingen", "Incidents"),
    "nav.calamities": ("Calamiteiten", "Calamities"),
    "nav.complaints": ("Klachten", "Complaints"),
    "mailroom.title": ("Verzonden mail", "Sent mail"),
    "mailroom.intro": (
        "In deze demo gaat geen mail de deur uit. Hier staat wat verstuurd zou zijn.",
        "No mail leaves this demo. Here is what would have been sent.",
    ),
    "mailroom.empty": ("Er is nog geen mail verstuurd.", "No mail has been sent yet."),
    "language": ("Taal", "Language"),
    "sign_out": ("Afmelden", "Sign out"),
    "footer.emergency": (
        "Patiënt nu in gevaar? Bel het spoednummer 2222.",
        "Patient in danger now? Call the emergency number 2222.",
    ),
    "footer.contact": (
        "Vragen over melden: afdeling Kwaliteit en Patiëntveiligheid, toestel 14 300.",
        "Questions about reporting: Quality and Patient Safety, extension 14 300.",
    ),
    "page.previous": ("Nieuwere", "Newer"),
    "page.next": ("Oudere", "Older"),
    "page.position": ("Pagina {page} van {pages}", "Page {page} of {pages}"),
    "page.navigation": ("Pagina's", "Pages"),
    "choose": ("Kies…", "Choose…"),
    "optional": ("niet verplicht", "optional"),
    "none": ("Niet ingevuld", "Not filled in"),
    # Signing in
    "sign_in.title": ("Aanmelden", "Sign in"),
    "sign_in.intro": (
        "In het ziekenhuis meld je je hier aan met je personeelspas. In deze demonstratie kies "
        "je een medewerker; een wachtwoord is niet nodig.",
        "In the hospital you sign in here with your staff card. In this demonstration you choose "
        "a member of staff; no password is needed.",
    ),
    "sign_in.demo": ("Kies een medewerker", "Choose a member of staff"),
    "sign_in.empty": (
        "Er zijn nog geen medewerkers. Maak ze met: flask --app example_app demo",
        "There are no members of staff yet. Make them with: flask --app example_app demo",
    ),
    "sign_in.else": ("Iemand anders", "Somebody else"),
    "sign_in.colleague": ("Medewerker", "Member of staff"),
    "sign_in.submit": ("Aanmelden", "Sign in"),
    # Home
    "home.title": ("Goedendag, {name}", "Good day, {name}"),
    "home.intro": (
        "Wat ging er mis, of bijna? Van elke melding leren we.",
        "What went wrong, or nearly? We learn from every report.",
    ),
    "home.sos": ("SOS", "SOS"),
    "home.sos_text": ("potentiële calamiteit melden", "report a potential calamity"),
    "home.sos_hint": (
        "Onverwacht ernstige schade of overlijden? Meld direct. Of het een calamiteit is, "
        "beoordelen we later.",
        "Unexpected serious harm or death? Report at once. Whether it is a calamity is decided "
        "later.",
    ),
    "home.incident": ("VIM-melding", "Incident report"),
    "home.incident_hint": (
        "Een incident of bijna-incident in de zorg aan een patiënt.",
        "An incident or near miss in the care for a patient.",
    ),
    "home.incident_button": ("VIM-melding doen", "Report an incident"),
    "home.complaints": ("Klachtenregister", "Complaints register"),
    "home.complaints_hint": (
        "Klachten van patiënten en naasten vastleggen en volgen.",
        "Record and follow complaints by patients and relatives.",
    ),
    "home.complaints_button": ("Naar het klachtenregister", "Open the complaints register"),
    "home.links": ("Snelkoppelingen", "Quick links"),
    "home.latest": ("Laatste meldingen van je afdeling", "Latest reports of your department"),
    # Reports
    "report.title": ("Korte omschrijving", "Short description"),
    "report.occurred_at": ("Wanneer gebeurde het?", "When did it happen?"),
    "report.ward": ("Waar gebeurde het?", "Where did it happen?"),
    "report.what_happened": ("Wat gebeurde er?", "What happened?"),
    "report.what_happened.hint": (
        "Beschrijf de feiten. Geen namen van patiënten of medewerkers.",
        "Describe the facts. No names of patients or staff.",
    ),
    "report.measures": ("Direct genomen maatregelen", "Measures taken at once"),
    "report.author": ("Melder", "Reporter"),
    "report.created_at": ("Gemeld op", "Reported on"),
    "report.line": (
        "{ward}, gebeurd op {occurred_at}, gemeld door {author}",
        "{ward}, happened on {occurred_at}, reported by {author}",
    ),
    "report.none": ("Er zijn nog geen meldingen.", "There are no reports yet."),
    "report.back": ("Terug naar het overzicht", "Back to the list"),
    "incident.list": ("VIM-meldingen", "Incident reports"),
    "incident.list_intro": (
        "Je eigen meldingen en die van je afdeling.",
        "Your own reports and those of your department.",
    ),
    "incident.new": ("VIM-melding doen", "Report an incident"),
    "incident.new_intro": (
        "Veilig Incident Melden: kort en feitelijk, over het proces en niet over personen.",
        "Safe incident reporting: short and factual, about the process, not about persons.",
    ),
    "incident.category": ("Soort incident", "Kind of incident"),
    "incident.submit": ("Melding versturen", "Send the report"),
    "incident.stored": ("VIM-melding {id} is ontvangen.", "Incident report {id} was received."),
    "incident.name": ("VIM-melding {id}", "Incident report {id}"),
    "category.medication": ("Medicatie", "Medication"),
    "category.fall": ("Val", "Fall"),
    "category.equipment": ("Apparatuur of hulpmiddel", "Equipment or device"),
    "category.communication": ("Overdracht en communicatie", "Handover and communication"),
    "category.treatment": ("Behandeling of ingreep", "Treatment or procedure"),
    "category.other": ("Anders", "Other"),
    "calamity.list": ("Potentiële calamiteiten", "Potential calamities"),
    "calamity.list_intro": (
        "Je eigen meldingen en die van je afdeling. Elke melding gaat direct naar Kwaliteit en "
        "Patiëntveiligheid.",
        "Your own reports and those of your department. Every report goes to Quality and Patient "
        "Safety at once.",
    ),
    "calamity.new": ("Potentiële calamiteit melden", "Report a potential calamity"),
    "calamity.new_intro": (
        "Zorg eerst voor de patiënt en de naasten, en bel je leidinggevende. Vul daarna dit "
        "formulier in; wat je nog niet weet, mag open blijven.",
        "First care for the patient and relatives, and call your head of department. Then fill "
        "in this form; what you do not know yet may stay open.",
    ),
    "calamity.severity": ("Ernst, voor zover bekend", "Severity, as far as known"),
    "calamity.patient_outcome": ("Hoe is het met de patiënt?", "How is the patient?"),
    "calamity.sent": ("Ontvangen door Kwaliteit", "Received by Quality"),
    "calamity.submit": ("Calamiteit melden", "Report the calamity"),
    "calamity.stored": (
        "Melding C-{id} is verzonden aan Kwaliteit en Patiëntveiligheid.",
        "Report C-{id} was sent to Quality and Patient Safety.",
    ),
    "calamity.analysis_at": ("PRISMA-bespreking", "Analysis meeting (PRISMA)"),
    "calamity.analysis_hint": (
        "Dag en tijd van de bespreking. Laat leeg als die nog niet gepland is.",
        "Day and time of the meeting. Leave empty while it is not planned.",
    ),
    "calamity.analysis_submit": ("Datum opslaan", "Save the date"),
    "calamity.analysis_stored": ("De datum is opgeslagen.", "The date was saved."),
    "calamity.name": ("Potentiële calamiteit C-{id}", "Potential calamity C-{id}"),
    "severity.unknown": ("Nog niet bekend", "Not known yet"),
    "severity.temporary_harm": ("Ernstige tijdelijke schade", "Serious temporary harm"),
    "severity.permanent_harm": ("Blijvende schade", "Permanent harm"),
    "severity.death": ("Overlijden", "Death"),
    # Complaints
    "complaint.list": ("Klachtenregister", "Complaints register"),
    "complaint.list_intro": (
        "Alleen zichtbaar voor de klachtenfunctionarissen.",
        "Visible to the complaints officers only.",
    ),
    "complaint.new": ("Klacht registreren", "Register a complaint"),
    "complaint.new_intro": (
        "Leg de klacht vast in de woorden van de indiener.",
        "Record the complaint in the words of the person who made it.",
    ),
    "complaint.received_on": ("Ontvangen op", "Received on"),
    "complaint.subject": ("Onderwerp", "Subject"),
    "complaint.department": ("Afdeling", "Department"),
    "complaint.description": ("Inhoud van de klacht", "What the complaint is about"),
    "complaint.registered_by": ("Geregistreerd door", "Registered by"),
    "complaint.submit": ("Klacht registreren", "Register the complaint"),
    "complaint.stored": ("Klacht {number} is geregistreerd.", "Complaint {number} was registered."),
    "complaint.name": ("Klacht {number}", "Complaint {number}"),
    "complaint.line": (
        "{number}, {department}, ontvangen op {received_on}",
        "{number}, {department}, received on {received_on}",
    ),
    "complaint.none": ("Er zijn nog geen klachten.", "There are no complaints yet."),
    # What goes wrong
    "error.summary": (
        "De melding is nog niet verstuurd. Kijk bij de gemarkeerde velden.",
        "The report has not been sent yet. See the marked fields.",
    ),
    "error.future": (
        "Dit moment ligt in de toekomst.",
        "This moment is in the future.",
    ),
    "error.403": ("Geen toegang", "No access"),
    "error.403_text": (
        "Deze pagina is niet voor jou bedoeld.",
        "This page is not meant for you.",
    ),
    "error.404": ("Niet gevonden", "Not found"),
    "error.404_text": ("Deze pagina bestaat niet.", "This page does not exist."),
    "error.413": ("Te groot", "Too large"),
    "error.413_text": (
        "Wat je stuurde is te groot. Kort de tekst in.",
        "What you sent is too large. Shorten the text.",
    ),
    "error.csrf": ("De pagina is verlopen", "The page has expired"),
    "error.csrf_text": (
        "Ga terug, ververs de pagina en verstuur opnieuw. Wat je typte staat er meestal nog.",
        "Go back, reload the page and send again. What you typed is usually still there.",
    ),
    "error.home": ("Naar de startpagina", "To the home page"),
}


def current_locale() -> str:
    """Return the language of the running request: nl or en."""
    chosen = session.get("locale") if has_request_context() else None
    return chosen if chosen in LOCALES else DEFAULT_LOCALE


def t(key: str, **values: object) -> str:
    """Return the text of `key` in the present language, with `values` filled in."""
    text = TEXTS[key][LOCALES.index(current_locale())]
    return text.format(**values) if values else text


def show_date(day: date) -> str:
    """Write a date in full, such as 3 mei 2026."""
    month = MONTHS[current_locale()].split()[day.month - 1]
    return f"{day.day} {month} {day.year}"


def show_local(moment: datetime) -> str:
    """Write a wall-clock time, such as 3 mei 2026, 14:05."""
    return f"{show_date(moment)}, {moment:%H:%M}"


def show_utc(moment: datetime) -> str:
    """Write a stored UTC moment as the clock in the hospital showed it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return show_local(aware.astimezone(ZoneInfo(HOSPITAL_TIMEZONE)))


def init_app(app: Flask) -> None:
    """Make the texts known to the templates."""
    app.jinja_env.globals.update(t=t, current_locale=current_locale, locales=LOCALES)
    app.jinja_env.filters.update(day=show_date, local=show_local, utc=show_utc)
