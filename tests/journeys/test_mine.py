"""The page about oneself on a telephone: from a report to the last answer, and out again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from example_app.extensions import db
from flask_peersupport.clock import utc_now
from flask_peersupport.surveys.models import AnswerCount
from flask_peersupport.surveys.questions import Answer, Survey
from tests.journeys.conftest import DESKTOP, PHONE, Hospital, check
from tests.journeys.test_main_job import COORDINATOR, NURSE, accept, report_calamity

pytestmark = pytest.mark.browser

COLLEAGUE = "Thijs Visser"


def open_fold(page: Page, text: str) -> None:
    """Open what is folded behind a line."""
    page.locator("summary", has_text=re.compile(f"^{text}")).first.click()


def go_to_mine(hospital: Hospital, page: Page) -> None:
    page.goto(f"{hospital.address}/peersupport/mine")


def test_a_colleague_is_in_charge_from_the_report_to_the_last_answer(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address, COLLEAGUE, me=False)
    hospital.work()
    _request_id, first = hospital.asked(COLLEAGUE)
    page = hospital.sign_in(hospital.username_of(COLLEAGUE), PHONE)
    page.goto(f"{hospital.address}/peersupport/")
    expect(page.locator(".ps-tile-title").first).to_have_text("Met iemand praten")
    check(page)
    page.locator(".ps-tile a[href$='/mine']").click()
    expect(page.locator("h2").first).to_have_text(
        "We zoeken een peer supporter van een andere afdeling."
    )
    expect(page.locator(".ps-card").first).to_contain_text("Je naam stond op een melding.")
    check(page)

    open_fold(page, "Verander hoe")
    page.check("[name=channel][value=in_person]")
    page.check("[name=day_part][value=evening]")
    page.fill("[name=phone]", "06 1234")
    check(page)
    page.fill("[name=phone]", "zomaar")
    page.locator("form[action$='/preferences'] button").click()
    expect(page.locator(".ps-error")).to_have_text("“zomaar” is geen telefoonnummer.")
    page.faults.clear()  # type: ignore[attr-defined] # the console notes the status 422
    check(page)
    page.fill("[name=phone]", "06 1234 5678")
    page.locator("form[action$='/preferences'] button").click()

    open_fold(page, "Liever een andere")
    check(page)
    page.locator("form[action$='/another'] button").click()
    hospital.work()
    _request_id, second = hospital.asked(COLLEAGUE)
    assert second != first

    supporter = accept(hospital, COLLEAGUE)
    expect(supporter.locator(".ps-call")).to_contain_text("in levenden lijve, 's avonds")
    expect(supporter.locator("a[href='tel:0612345678']")).to_be_visible()
    go_to_mine(hospital, page)
    expect(page.locator("h2").first).to_contain_text("neemt contact met je op, vóór")
    open_fold(page, "Wat er bewaard is")
    expect(page.locator(".ps-card").first).to_contain_text("Jouw peer supporter: ")
    expect(page.locator(".ps-facts").first).to_contain_text("in levenden lijve, 's avonds")
    check(page)

    supporter.locator(".ps-three summary").first.click()
    supporter.check("[name=outcome][value=conversation]")
    supporter.locator(".ps-act-body form[action$='/contacts'] button").click()
    go_to_mine(hospital, page)
    expect(page.locator("h2").first).to_contain_text("Je hebt contact met")
    open_fold(page, "Het is genoeg")
    check(page)
    page.locator("form[action$='/decline'] button").click()
    assert hospital.reach_out(COLLEAGUE)["outcome"] == "supported"

    expect(page.locator("h2").first).to_have_text("Vier korte vragen")
    page.check("[name=helpful][value=yes]")
    page.check("[name=asked_myself][value=no]")
    check(page)
    page.locator("form[action$='/questions'] button").click()
    expect(page.locator("h2").first).to_have_text("Je hebt steun gehad.")
    check(page)

    page.locator("form[action$='/again'] button").click()
    expect(page.locator("h2").first).to_have_text(
        "We zoeken een peer supporter van een andere afdeling."
    )
    open_fold(page, "Nu niet")
    check(page)
    page.get_by_role("button", name="Vraag het me weer over een week").click()
    expect(page.locator("h2").first).to_contain_text("Niemand belt je nu.")

    open_fold(page, "Nooit meer")
    page.locator("form[action$='/never-again'] button").click()
    expect(page.locator("main")).to_contain_text("Je wordt nooit benaderd")
    check(page)
    page.locator("form[action$='/take-back'] button").click()
    open_fold(page, "Stop, en wis mij")
    check(page)
    page.locator("form[action$='/erase'] button").click()
    expect(page.locator("h1")).to_have_text("Wat er hier van je overblijft")
    check(page)
    page.locator(".ps-narrow a.ps-link").click()
    expect(page.locator("h2").first).to_have_text("We bewaren niets over jou als betrokken collega")
    check(page)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_work_comes_first_and_all_for_oneself_is_one_link(
    hospital: Hospital, size: dict[str, int]
) -> None:
    page = hospital.sign_in(COORDINATOR, size, "en")
    page.goto(f"{hospital.address}/peersupport/")
    expect(page.locator("h2").first).to_have_text("Your work here")
    expect(page.locator("h2").nth(1)).to_have_text("For yourself, or for a colleague")
    assert page.locator(".ps-nav-link").last.inner_text() == "For yourself"
    check(page)
    page.locator(".ps-nav-link").last.click()
    assert page.locator(".ps-nav-link[aria-current]").inner_text() == "For yourself"
    check(page)
    count_answers(hospital)
    page.goto(f"{hospital.address}/peersupport/surveys")
    expect(page.locator("h2").first).to_contain_text("Colleagues, after an offer")
    check(page)


def count_answers(hospital: Hospital) -> None:
    """Let 30 have answered one question last year, and few another."""
    with hospital.app.app_context():
        for question, numbers in {"helpful": (21, 7, 2), "in_time": (3, 1, 1)}.items():
            for answer, count in zip(Answer, numbers, strict=True):
                key = {"survey": Survey.COLLEAGUE, "year": utc_now().year - 1, "answer": answer}
                db.session.add(AnswerCount(**key, question=question, count=count))
        db.session.commit()


def test_a_supporter_answers_four_questions(hospital: Hospital) -> None:
    report_calamity(hospital.sign_in(NURSE), hospital.address, COLLEAGUE, me=False)
    hospital.work()
    page = hospital.sign_in(hospital.asked(COLLEAGUE)[1], PHONE)
    page.goto(f"{hospital.address}/peersupport/")
    check(page)
    page.locator(".ps-tile a[href$='/surveys/supporters']").click()
    check(page)
    page.check("[name=bearable][value=partly]")
    page.locator("form[action$='/surveys/supporters'] button").click()
    assert page.locator(".ps-tile a[href$='/surveys/supporters']").count() == 0
