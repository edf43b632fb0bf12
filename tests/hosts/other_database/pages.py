from blinker import Signal
from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_login import current_user, login_required, login_user
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, SubmitField, TextAreaField, validators

from .models import NearMiss, Nurse, db

pages = Blueprint("pages", __name__, template_folder="templates")
#: For add-ons of the portal: before and after the commit.
saving, saved = Signal(), Signal()


class Entrance(FlaskForm):
    username = StringField(validators=[validators.DataRequired()])


class NearMissForm(FlaskForm):
    text = TextAreaField("What nearly happened?", [validators.Length(min=3)])
    team = StringField("Team")
    nameless = BooleanField("Without my name")
    draft = SubmitField("Keep for later")
    send = SubmitField("Send")


@pages.route("/enter", methods=["GET", "POST"])
def enter():
    form = Entrance()
    if form.validate_on_submit():
        login_user(Nurse.query.filter_by(username=form.username.data).first_or_404())
        return redirect(request.args.get("next") or url_for(".report"))
    return render_template("portal/form.html", form=form, heading="Enter")


@pages.route("/near-misses/new", methods=["GET", "POST"])
@pages.route("/near-misses/<int:number>/edit", methods=["GET", "POST"], endpoint="edit")
@login_required
def report(number=None):
    miss = db.session.get(NearMiss, number) if number else NearMiss(nurse_id=current_user.id)
    form = NearMissForm(obj=miss)
    if form.validate_on_submit():
        form.populate_obj(miss)
        miss.state = "draft" if form.draft.data else "sent"
        db.session.add(miss)
        db.session.flush()
        saving.send(current_app._get_current_object(), miss=miss)
        if form.text.data == "refused":
            db.session.rollback()
            abort(422)
        db.session.commit()
        saved.send(current_app._get_current_object(), miss=miss)
        return redirect(url_for(".thanks", number=miss.id))
    return render_template("portal/form.html", form=form, heading="A near miss", is_report=True)


@pages.get("/near-misses/<int:number>")
@login_required
def thanks(number):
    return f"<p>Thank you for number {db.get_or_404(NearMiss, number).id}.</p>"
