"""Who may come in."""

from flask import Blueprint, abort, redirect, request
from flask_login import LoginManager, login_user

from .database import Account, Session

accounts = Blueprint("accounts", __name__)
login_manager = LoginManager()
login_manager.login_view = "accounts.sign_in"


@login_manager.user_loader
def load_account(account_id: str) -> Account | None:
    return Session.get(Account, int(account_id))


@accounts.route("/sign-in", methods=["GET", "POST"])
def sign_in():
    if request.method == "GET":
        return "Who are you?"
    account = Session.query(Account).filter_by(login=request.form["login"]).one_or_none()
    if account is None:
        abort(401)
    login_user(account)
    return redirect(request.args.get("next") or "/incidents/enter")
